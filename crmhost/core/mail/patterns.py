"""Mail templates: written once, checked, filled in for one contact."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select

from ...errors import Invalid, NotFound, Stale
from ...mail.body import LARGE, prepare, sanitise
from ...mail.render import Rendered, Source, TemplateError, compile_template, names, render
from ...mail.rich import STYLES, harmless, paragraphs
from ...messages import Message
from ...work.unit import SYSTEM, Work
from ..contacts.models import Contact
from ..keyset import valid_id
from ..text import clean_line, clean_text, fold
from . import blocks
from . import values as values_of
from .accounts import Account, chosen
from .layout import PLACE, layout
from .models import MailTemplate

KINDS = ("blocks", "rich", "text", "html", "mjml")
MOST = 1_000
LONGEST = 400_000
#: Beginnings of placeholders whose further parts are not in the catalogue.
_FREE = ("owner.", "site.")
_DOCUMENT = re.compile(r"<(?:html|body|!doctype)\b", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class Written:
    """A mail for one contact, and what the writer should know.

    :param unknown: placeholders that stand for nothing: such a mail must not go out.
    :param empty: placeholders that have no value for this contact.
    :param large: more than 100 kB: mail programs cut it off.
    """

    subject: str
    html: str
    text: str
    unknown: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()
    large: bool = False


# --- filling in ------------------------------------------------------------------------------------------------------


def compose(work: Work, kind: str, subject: str, content: str, text: str = "") -> Source:
    """What a person wrote, made ready to be filled in: in the layout, styles inlined, with a text part.

    :param kind: rich (text of the editor), text (paragraphs, links are found), html (a fragment goes into the layout, a
        document stays), mjml, blocks (JSON, see :mod:`crmhost.mail.blocks`).
    :param text: text part written by hand; empty to have it made.
    :raises Invalid: when it can't be read.
    """
    if kind in ("mjml", "blocks"):
        made = blocks.mjml(work, content) if kind == "blocks" else content
        body = prepare(made, "mjml", written=kind == "mjml")
        return Source(subject, body.html, text or body.text)
    if kind == "html" and _DOCUMENT.search(content):
        body = prepare(content, "html")
        return Source(subject, body.html, text or body.text)
    inner = {"rich": harmless, "html": sanitise}.get(kind, paragraphs)(content)
    outer = STYLES + layout(work) if kind == "rich" else layout(work)
    body = prepare(outer.replace(PLACE, inner), "html")
    return Source(subject, body.html, text or (content if kind == "text" else body.text))


def write(
    work: Work,
    source: Source | int,
    contact: Contact | None,
    *,
    account: Account | None = None,
    unsubscribe: str = "",
    more: Mapping[str, Any] | None = None,
) -> Written:
    """A template (its id, or a source made by :func:`compose`) filled in for a contact.

    :param more: further values, such as ``{"quote": {"title": "…"}}``. What plugins give for the contact is asked for as far as
        it is not among them; for many at once, and for other records, :func:`further` gives it.
    :raises Invalid: when the template can't be filled in.
    """
    if isinstance(source, int):
        source = source_of(work, get(work, source))
    account = account or chosen(work)
    more = _and_further(work, source, contact, more or {})
    found: Rendered = render(source, values_of.values(work, contact, account, unsubscribe=unsubscribe, more=more))
    large = len(found.html.encode()) > LARGE
    return Written(found.subject, found.html, found.text, found.unknown, found.empty, large)


def line(work: Work, text: str, *, account: Account | None = None, more: Mapping[str, Any] | None = None) -> str:
    """A line, such as a subject, filled in for nobody."""
    source = Source(text, "", "")
    more = _and_further(work, source, None, more or {})
    return render(source, values_of.values(work, None, account or chosen(work), more=more)).subject


def _and_further(work: Work, source: Source, contact: Contact | None, more: Mapping[str, Any]) -> Mapping[str, Any]:
    if not values_of.asks(source, more):
        return more
    number = contact.id if contact is not None else 0
    return {**values_of.further(work, "contact", [number]).get(number, {}), **more}


def unknown(work: Work, source: Source, *, more: Mapping[str, Any] | None = None) -> tuple[str, ...]:
    """Placeholders of a text, in any branch of it, that nothing has values for: with one, no mail can go out.

    :param more: as :func:`write` takes it.
    """
    more = _and_further(work, source, None, more or {})
    # Only what there is counts, not what it is.
    known = values_of.values(work.as_actor(SYSTEM), None, Account(None, "", ""), more=more)
    return tuple(name for name in names(source) if not _stands(known, name.split(".")))


def _stands(known: Any, parts: list[str]) -> bool:
    for part in parts:
        if not isinstance(known, Mapping):
            return True
        if part not in known:
            return False
        known = known[part]
    return True


def require_known(written: Written) -> None:
    """:raises Invalid: when a placeholder of the mail stands for nothing."""
    if written.unknown:
        raise Invalid({"content": [unknown_sentence(written.unknown)]})


def unknown_sentence(unknown: tuple[str, ...]) -> str:
    """What is said of placeholders that stand for nothing."""
    listed = ", ".join(f"{{{{ {name} }}}}" for name in unknown[:5])
    return f"Nothing is known as {listed}: choose placeholders of the list."


# --- templates -------------------------------------------------------------------------------------------------------


def all_templates(work: Work) -> list[MailTemplate]:
    """All templates, by name."""
    return list(work.session.scalars(select(MailTemplate).order_by(MailTemplate.name_key)))


def get(work: Work, template_id: int) -> MailTemplate:
    """:raises NotFound: when there is none."""
    found = work.session.get(MailTemplate, valid_id(template_id) or 0)
    if found is None:
        raise NotFound("mail template", template_id)
    return found


def source_of(work: Work, template: MailTemplate) -> Source:
    """A template, ready to be filled in."""
    return compose(work, template.kind, template.subject, template.content, template.text)


def save(work: Work, template_id: int | None, fields: Mapping[str, Any], *, version: int | None = None) -> MailTemplate:
    """Adds a template (``template_id`` is ``None``) or changes one.

    :param fields: name, subject, kind, content, text.
    :param version: the version that the caller saw; ``None`` writes whatever came between.
    :raises Stale: when somebody saved it since that version.
    :raises Invalid: sentences by field.
    """
    work.require("mail.templates")
    row = get(work, template_id) if template_id is not None else None
    if row is not None and version is not None and row.version != version:
        raise Stale("Somebody saved this template meanwhile: open it anew and look at their changes.")
    values = _checked(work, fields, template_id, row)
    before = None
    if row is None:
        if (work.session.scalar(select(func.count()).select_from(MailTemplate)) or 0) >= MOST:
            raise Invalid(Message("There can be at most %(most)s templates.", most=MOST))
        row = MailTemplate(**values, updated_at=work.now, updated_by=work.actor.label)
        work.session.add(row)
    else:
        before = {"name": row.name, "subject": row.subject}
        for name, value in values.items():
            setattr(row, name, value)
        row.updated_at, row.updated_by, row.version = work.now, work.actor.label, row.version + 1
    work.session.flush()
    action = "mail.template_changed" if before else "mail.template_added"
    after = {"name": row.name, "subject": row.subject}
    work.audit(action, "mail_template", row.id, before=before, after=after)
    return row


def duplicate(work: Work, template_id: int) -> MailTemplate:
    """A copy under a name of its own."""
    row = get(work, template_id)
    taken = set(work.session.scalars(select(MailTemplate.name_key)))
    number = 2
    while fold(name := f"{row.name[:110]} ({number})") in taken:
        number += 1
    return save(
        work, None, {"name": name, **{key: getattr(row, key) for key in ("subject", "kind", "content", "text")}}
    )


def remove(work: Work, template_id: int) -> str:
    """Deletes a template; mails that were made from it stay. Gives its name."""
    work.require("mail.templates")
    row = get(work, template_id)
    name = row.name
    work.session.delete(row)
    work.session.flush()
    work.audit("mail.template_deleted", "mail_template", template_id, before={"name": name})
    return name


def clean(work: Work, kind: str, content: str, kept: str = "") -> str:
    """A content as it is stored: rich text and blocks are made harmless, others stay as they are.

    :param kept: the content of this kind that it takes the place of, if there is one.
    :raises Invalid: at the field ``content``, what is wrong with it.
    """
    try:
        if kind == "blocks":
            return blocks.clean(work, content, kept)
        return harmless(content) if kind == "rich" else content
    except Invalid as error:
        raise Invalid({"content": [error.message]}) from error


def lacking(work: Work, kind: str, content: str) -> list[Message]:
    """What a draft may lack and a mail that goes out may not: blocks in which something is missing."""
    return blocks.lacking(work, content) if kind == "blocks" else []


def _checked(
    work: Work, fields: Mapping[str, Any], template_id: int | None, row: MailTemplate | None
) -> dict[str, Any]:
    errors: dict[str, list[str]] = {}
    values = {name: clean_line(str(fields.get(name) or "")) for name in ("name", "subject")}
    kind = str(fields.get("kind") or "text")
    content, text = (clean_text(str(fields.get(name) or "")) for name in ("content", "text"))
    key = fold(values["name"])[:120]
    other = select(MailTemplate.id).where(MailTemplate.name_key == key, MailTemplate.id != (template_id or 0))
    if not values["name"]:
        errors["name"] = ["Give the template a name."]
    elif len(values["name"]) > 120:
        errors["name"] = ["This is too long: at most 120 characters."]
    elif work.session.scalar(other) is not None:
        errors["name"] = [Message("There is a template “%(name)s” already.", name=values["name"])]
    if len(values["subject"]) > 300:
        errors["subject"] = ["This is too long: at most 300 characters."]
    if kind not in KINDS:
        errors["kind"] = ["Choose blocks, rich text, text, HTML or MJML."]
    if not content:
        errors["content"] = ["Write something first."]
    for name, written in (("content", content), ("text", text)):
        if len(written) > LONGEST:
            errors[name] = [Message("This is too long: at most %(longest)s characters.", longest=LONGEST)]
    if not errors:
        errors = problems(work, kind, values["subject"], content, text)
    if errors:
        raise Invalid(errors)
    kept = row.content if row is not None and row.kind == kind else ""
    content = clean(work, kind, content, kept)
    return {**values, "name_key": key, "kind": kind, "content": content, "text": text}


def problems(work: Work, kind: str, subject: str, content: str, text: str = "") -> dict[str, list[str]]:
    """What is wrong with a template, by field: what can't be read, and placeholders that nobody knows."""
    errors: dict[str, list[str]] = {}
    # Blocks are read one by one when they are composed.
    read = "" if kind == "blocks" else content
    for name, part, how in (("subject", subject, "line"), ("content", read, "html"), ("text", text, "text")):
        try:
            compile_template(part, how)  # type: ignore[arg-type]
        except TemplateError as error:
            errors[name] = [error.message]
    if errors:
        return errors
    try:
        source = compose(work, kind, subject, content, text)
        used = names(source)
    except Invalid as error:
        return {"content": [error.message]}
    foreign = _foreign(used, {item.path for item in values_of.catalogue(work)})
    return {"content": [unknown_sentence(foreign)]} if foreign else {}


def _foreign(used: tuple[str, ...], known: set[str]) -> tuple[str, ...]:
    """Placeholders of our own objects that don't exist; those of other objects may come from plugins."""
    ours = {"contact", "owner", "sender", "site", "unsubscribe"}
    return tuple(
        name for name in used if name.partition(".")[0] in ours and name not in known and not name.startswith(_FREE)
    )
