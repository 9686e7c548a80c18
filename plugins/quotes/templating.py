"""Templates: texts to begin a quote with. Some come along; they are rows like any other, to be changed or deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from crmhost.api import Conflict, Invalid, Message, NotFound, Stale, Work, keyset, mail, texts

from .models import Template

LONGEST_NAME, LONGEST_TITLE, LONGEST_CONTENT = 120, 200, 400_000
KIND = "quote_template"

_GREETING = "<p>Dear {{ contact.full_name }},</p>"
_CLOSE = "<p>Kind regards<br>{{ site.name }}</p>"
_SERVICES = """
<p>Thank you for your enquiry. We are glad to offer you the services below.</p>
<h2>What you get</h2><ul><li><p>Describe the work</p></li><li><p>Say what is included</p></li></ul>
<h2>Price</h2><p>The price is {{ quote.value }}. It holds until {{ quote.valid_until }}.</p>
<h2>Next step</h2><p>Accept this quote, and we begin.</p>
"""
_PROJECT = """
<h2>Goal</h2><p>Say what the project is to reach.</p>
<h2>Steps</h2><ol><li><p>Plan</p></li><li><p>Build</p></li><li><p>Hand over</p></li></ol>
<h2>Cost</h2><p>{{ quote.value }}, in parts as agreed. This proposal of {{ quote.date }} holds until {{ quote.valid_until }}.</p>
"""
_GOODS = """
<p>We offer you the goods listed here for {{ quote.value }}.</p>
<h2>Delivery</h2><p>Say when and how it is delivered.</p>
<p>This offer holds until {{ quote.valid_until }}.</p>
"""
#: Key, name, title, text of those that come along.
_READY = (
    ("services", "Services", "Quote for services", _SERVICES),
    ("project", "Project", "Project proposal", _PROJECT),
    ("goods", "Goods", "Quote for goods", _GOODS),
)


def first_start(work: Work) -> None:
    """Adds the templates that come along, once: where there is any template, none is added."""
    if work.session.scalar(select(Template.id).limit(1)) is not None:
        return
    for key, name, title, text in _READY:
        content = f"{_GREETING}{text.strip()}{_CLOSE}"
        row = Template(
            name=name, name_key=texts.fold(name), title=title, content=content, builtin=key, updated_at=work.now
        )
        work.session.add(row)
    work.session.flush()


def all_of(work: Work) -> list[Template]:
    """All templates, by name."""
    return list(work.session.scalars(select(Template).order_by(Template.name_key)))


def get(work: Work, template_id: object) -> Template:
    """:raises NotFound: when there is none."""
    work.require("quotes.view")
    found = work.session.get(Template, keyset.valid_id(template_id) or 0)
    if found is None:
        raise NotFound("template", str(template_id)[:20])
    return found


def save(
    work: Work, given: Mapping[str, Any], template_id: int | None = None, *, version: int | None = None
) -> Template:
    """Adds a template, or changes one.

    :param given: ``name``, ``title``, ``content`` (HTML with placeholders).
    :raises Invalid: sentences by field.
    :raises Conflict: when another one has the name.
    :raises Stale: when somebody saved it since ``version``.
    """
    work.require("quotes.templates")
    name, title = texts.clean_line(str(given.get("name") or "")), texts.clean_line(str(given.get("title") or ""))
    content, key = str(given.get("content") or ""), texts.fold(name)
    wrong: dict[str, list[str]] = {}
    if not name:
        wrong["name"] = ["Give the template a name."]
    limits = (("name", key, LONGEST_NAME), ("title", title, LONGEST_TITLE), ("content", content, LONGEST_CONTENT))
    for field, text, longest in limits:
        if len(text) > longest:
            wrong[field] = [Message("This is too long: at most %(longest)s characters.", longest=longest)]
    if wrong:
        raise Invalid(wrong)
    row = get(work, template_id) if template_id is not None else Template(builtin="", version=1)
    if version is not None and template_id is not None and version != row.version:
        raise Stale("Somebody saved this template meanwhile: look at their changes before you save yours.")
    other = work.session.scalar(select(Template).where(Template.name_key == key))
    if other is not None and other.id != template_id:
        raise Conflict(
            Message("There is a template “%(name)s” already.", name=other.name), field="name", other_id=other.id
        )
    before = _shown(row) if template_id is not None else None
    row.name, row.name_key, row.title, row.content = name, key, title, mail.harmless(content)
    row.updated_at = work.now
    if template_id is None:
        work.session.add(row)
    else:
        row.version += 1
    work.session.flush()
    action = "quote_template.created" if template_id is None else "quote_template.updated"
    work.audit(action, KIND, row.id, before=before, after=_shown(row))
    return row


def delete(work: Work, template_id: int) -> dict[str, str]:
    """Deletes a template; gives what it was, to :func:`save` it again. Quotes that began with it stay."""
    work.require("quotes.templates")
    row = get(work, template_id)
    before = _shown(row)
    work.session.delete(row)
    work.session.flush()
    work.audit("quote_template.deleted", KIND, template_id, before=before)
    return before


def _shown(row: Template) -> dict[str, str]:
    return {"name": row.name, "title": row.title, "content": row.content}
