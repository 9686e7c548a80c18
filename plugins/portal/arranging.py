"""What the site arranges of its portal: order, names and visibility of pages, and pages that it writes itself."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from sqlalchemy import select

from crmhost.api import Conflict, Contact, Invalid, Message, NotFound, Stale, Work, keyset, mail, placeholders, texts

from . import pages, settings
from .models import SitePage

LONGEST_LABEL, LONGEST_CONTENT, MOST_PAGES = 80, 100_000, 50
#: Placeholders that mean nothing on a page.
_NOT_HERE = ("unsubscribe.", "sender.")


def arrange(work: Work, wanted: Sequence[Mapping[str, object]]) -> None:
    """Stores the order of the pages, what they are called, and which are hidden.

    :param wanted: ``id``, ``label`` (empty for the page's own), ``hidden``, in order.
    """
    work.require("portal.settings")
    known = {entry.id for entry in pages.arranged(work)}
    kept = []
    for item in wanted:
        name, label = str(item.get("id", "")), texts.clean_line(str(item.get("label") or ""))
        if len(label) > LONGEST_LABEL:
            said = Message("A name of a page has at most %(longest)s characters.", longest=LONGEST_LABEL)
            raise Invalid({f"label.{name}": [said]})
        if name in known:
            kept.append({"id": name, "label": label, "hidden": bool(item.get("hidden")) and name != pages.HOME})
    settings.store(work, settings.PAGES, kept)


def offered(work: Work) -> list[tuple[str, str]]:
    """Placeholders that a page may have: path and label."""
    return [(item.path, item.label) for item in placeholders.catalogue(work) if not item.path.startswith(_NOT_HERE)]


def site_pages(work: Work) -> list[SitePage]:
    """The pages that the site wrote."""
    return list(work.session.scalars(select(SitePage).order_by(SitePage.id)))


def page(work: Work, page_id: int) -> SitePage:
    """A page of the site's own, for who arranges the portal. :raises NotFound:"""
    work.require("portal.settings")
    found = work.session.get(SitePage, keyset.valid_id(page_id) or 0)
    if found is None:
        raise NotFound("page", page_id)
    return found


def save_page(
    work: Work, title: str, content: str, page_id: int | None = None, *, version: int | None = None
) -> SitePage:
    """Adds a page, or changes one; its address comes from the first title and stays.

    :param content: HTML with placeholders.
    :raises Invalid: by field; a placeholder that stands for nothing is pointed out.
    :raises Stale: when somebody saved it since ``version``.
    """
    work.require("portal.settings")
    title, content = texts.clean_line(title), content.replace("\0", "")
    errors: dict[str, list[str]] = {}
    if not title or len(title) > LONGEST_LABEL:
        errors["title"] = [Message("Give the page a name of at most %(longest)s characters.", longest=LONGEST_LABEL)]
    if len(content) > LONGEST_CONTENT:
        errors["content"] = [Message("This is too long: at most %(longest)s characters.", longest=LONGEST_CONTENT)]
    else:
        try:
            unknown = placeholders.html(work, content, None).unknown
        except Invalid as error:
            errors["content"] = [error.message]
        else:
            if unknown:
                errors["content"] = [
                    Message("These placeholders stand for nothing: %(names)s.", names=", ".join(unknown))
                ]
    if errors:
        raise Invalid(errors)
    content = mail.harmless(content)
    if page_id is None:
        if len(site_pages(work)) >= MOST_PAGES:
            raise Conflict(Message("There are %(most)s pages already: delete one first.", most=MOST_PAGES))
        row = SitePage(slug=_slug(work, title), title=title, content=content, updated_at=work.now)
        work.session.add(row)
    else:
        row = page(work, page_id)
        if version is not None and version != row.version:
            raise Stale("Somebody saved this page meanwhile: look at their changes before you save yours.")
        row.title, row.content, row.updated_at, row.version = title, content, work.now, row.version + 1
    work.session.flush()
    work.audit("portal.page_saved", "portal_page", row.id, after={"title": title, "address": row.slug})
    return row


def delete_page(work: Work, page_id: int) -> None:
    """Deletes a page of the site's own."""
    row = page(work, page_id)
    work.session.delete(row)
    work.session.flush()
    work.audit("portal.page_deleted", "portal_page", page_id, before={"title": row.title, "content": row.content})


def filled(work: Work, slug: str, contact: Contact) -> tuple[str, str]:
    """Title and HTML of a page for a client.

    :raises NotFound: when there is none, or it is hidden.
    """
    row = work.session.scalar(select(SitePage).where(SitePage.slug == slug))
    shown = {entry.id for entry in pages.shown(work) if entry.page is None}
    if row is None or slug not in shown:
        raise NotFound("page", slug)
    return row.title, placeholders.html(work, row.content, contact).output


def _slug(work: Work, title: str) -> str:
    stem = re.sub(r"[^a-z0-9]+", "-", texts.fold(title)).strip("-")[:50] or "page"
    taken = {entry.id for entry in pages.arranged(work)} | pages.TAKEN
    return next(name for name in (stem, *(f"{stem}-{n}" for n in range(2, MOST_PAGES + 9))) if name not in taken)
