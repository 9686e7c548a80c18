"""Files in the client portal: those that are marked for it, to be downloaded, and places for the files that the site asks for."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint
from sqlalchemy import ColumnElement, Select, and_, select

from crmhost.api import SYSTEM, Invalid, Message, NotFound, Work, files
from crmhost.web.api import (
    client_list,
    current_work,
    gettext,
    ngettext,
    redirect,
    render_template,
    request,
    stored_file,
    toast,
    url_for,
    writing,
)
from plugins.portal.api import Client, Portal, PortalPage, Waiting, found_by

from . import cells, limits, services
from .models import Entry

blueprint = Blueprint("files_portal", __name__)

#: What a client does with files of their own record alone, see :func:`_hands`.
_MAY = frozenset({"files.view", "files.edit", "contacts.view", "contacts.edit"})
_RECEIVED = Message("%(client)s sent the file “%(file)s” (%(slot)s).")


def page() -> PortalPage:
    """The page, for the hook ``portal_pages``."""
    return PortalPage(
        id="files",
        label="Files",
        icon="paperclip",
        order=400,
        endpoint="files_portal.index",
        blueprint=blueprint,
        waiting=waiting,
    )


def _mine(client: Client, *conditions: ColumnElement[bool]) -> Select[Any]:
    """Files of the client, and of their company where they see its records, that are marked for the portal."""
    own = [and_(Entry.object_type == "contact", Entry.object_id == client.contact_id)]
    if client.company_ids:
        own.append(and_(Entry.object_type == "company", Entry.object_id.in_(sorted(client.company_ids))))
    return found_by(Entry, own, Entry.deleted_at.is_(None), Entry.portal.is_(True), *conditions)


def _asked(work: Work, client: Client) -> dict[str, Entry | None]:
    """What the site asks for: name -> the file that the client sent last."""
    portal: Portal | None = work.service("portal")
    slots = list(dict.fromkeys(portal.slots())) if portal is not None else []
    if not slots:
        return {}
    sent = select(Entry).where(
        Entry.object_type == "contact",
        Entry.object_id == client.contact_id,
        Entry.deleted_at.is_(None),
        Entry.portal.is_(True),
        Entry.description.in_(slots),
    )
    found: dict[str, Entry | None] = dict.fromkeys(slots)
    for entry in work.session.scalars(sent.order_by(Entry.id).limit(500)):
        found[entry.description] = entry
    return found


def waiting(work: Work, client: Client) -> Waiting | None:
    """Files that the site asks for and has not got."""
    missing = [name for name, entry in _asked(work, client).items() if entry is None]
    if not missing:
        return None
    text = ngettext(
        "%(num)d file is asked for: %(names)s", "%(num)d files are asked for: %(names)s",
        len(missing), names=", ".join(missing),
    )  # fmt: skip
    return Waiting(text)


@blueprint.get("/")
def index(client: Client) -> Any:
    """The client's files."""
    return _page(client)


def _page(client: Client, errors: Mapping[str, str] | None = None) -> Any:
    work = current_work()
    listed = client_list(_mine(client), (Entry.id,))
    html = render_template(
        "files/portal_list.html",
        list=listed,
        rows=[cells.Row(entry) for entry in listed.rows],
        asked=_asked(work, client),
        errors=errors or {},
        largest=cells.readable(min(limits.largest(work), files.largest_size(work))),
        preview=client.preview,
    )
    return html, 422 if errors else 200


@blueprint.get("/<int:entry_id>")
def download(client: Client, entry_id: int) -> Any:
    """A file, to be saved."""
    work = current_work()
    marked = (Entry.id == entry_id, Entry.deleted_at.is_(None), Entry.portal.is_(True))
    entry: Entry | None = work.session.scalar(select(Entry).where(*marked))
    if entry is None or entry.file_id is None or not _sees(work, client, entry):
        raise NotFound("file", entry_id)
    return stored_file(work.as_actor(SYSTEM), entry.file_id, name=entry.name)


def _sees(work: Work, client: Client, entry: Entry) -> bool:
    """Whether a file that is marked for the portal is the client's, or that of a record which they see there, such as a quote."""
    kind, number = entry.object_type, entry.object_id
    if kind in ("contact", "company"):
        return client.owns(number) if kind == "contact" else client.owns(None, number)
    portal: Portal | None = work.service("portal")
    return portal is not None and portal.shows(client, kind, number)


@blueprint.post("/")
def send(client: Client) -> Any:
    """A file that the site asked for."""
    slot, sent = request.form.get("slot", ""), request.files.get("file")
    if slot not in _asked(current_work(), client):
        raise NotFound("file", "")
    try:
        if sent is None or not sent.filename:
            raise Invalid({"file": ["Choose a file first."]})
        prepared = services.stage(
            _hands(current_work(), client), "contact", client.contact_id, sent.stream,
            name=sent.filename, media_type=sent.mimetype or "",
        )  # fmt: skip
        with writing() as work:
            _add(work, client, prepared, slot)
    except Invalid as error:
        sentences: Sequence[str] = next(iter(error.errors.values()), [error.message])
        return _page(client, {slot: gettext(sentences[0])})
    toast(gettext("Thank you, the file has arrived."))
    return redirect(url_for("files_portal.index"), 303)


def _add(work: Work, client: Client, prepared: services.Prepared, slot: str) -> None:
    entry = services.add(_hands(work, client), prepared, description=slot, portal=True)
    portal: Portal | None = work.service("portal")
    if portal is not None:
        data = {"client": client.name[:120], "file": entry.name[:120], "slot": slot[:120]}
        portal.tell_owner(client.contact_id, _RECEIVED, f"/files/{entry.id}", "files.received", data)


def _hands(work: Work, client: Client) -> Work:
    """The work as the client may do it here: their own record and no other, and no more than adding a file to it."""
    return work.as_actor(dataclasses.replace(client.actor, permissions=_MAY))
