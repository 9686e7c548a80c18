"""What a campaign begins with: nothing but the way out, or the text of a mail template."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from crmhost.api import NotFound, Work, mail

from . import fields
from .models import Campaign

LINE = "##UNSUB-LINE##"
_END = re.compile(r"</body\s*>|</mj-body\s*>", re.IGNORECASE)
_ADDED = {
    "rich": f"<p>{LINE}</p>",
    "html": f"<p>{LINE}</p>",
    "text": f"\n\n{LINE}",
    "mjml": f"<mj-section><mj-column><mj-text>{LINE}</mj-text></mj-column></mj-section>",
}
BLANK = f"<p></p>{_ADDED['rich']}"


def laid_out(work: Work, key: str, say: Callable[[str], str]) -> dict[str, Any]:
    """Blocks to begin with, as :func:`words` gives a template's text.

    :param key: of the layout; ``say`` puts its words into a language.
    :raises NotFound: when there is no such layout.
    """
    content = json.dumps(mail.layouts.get(key).document(say), ensure_ascii=False)
    given = {"template_id": None, "subject": "", "content_kind": "blocks", "text": ""}
    return {**given, "content": mail.clean(work, "blocks", content)}


def words(work: Work, template_id: int | None) -> dict[str, Any]:
    """Subject and content of a template, for :func:`.services.create`, with a line to unsubscribe if it has none.

    :raises NotFound: when there is no such template.
    """
    if template_id is None:
        return {"template_id": None, "subject": "", "content_kind": "rich", "content": BLANK, "text": ""}
    template = mail.template(work, template_id)
    content, text = template.content, template.text
    source = mail.compose(work, template.kind, template.subject, content, text)
    if not set(fields.UNSUBSCRIBE) & set(mail.placeholders_of(source)):
        content = _with_line(template.kind, content)
    return {
        "template_id": template.id,
        "subject": template.subject,
        "content_kind": template.kind,
        "content": content,
        "text": f"{text}\n\n{LINE}" if text and "unsubscribe" not in text and LINE not in text else text,
    }


def _with_line(kind: str, content: str) -> str:
    if kind == "blocks":
        return mail.blocks.with_footer(content)
    added = _ADDED[kind]
    ends = list(_END.finditer(content)) if kind in ("html", "mjml") else []
    return f"{content[: ends[-1].start()]}{added}{content[ends[-1].start() :]}" if ends else content + added


def written_since(work: Work, campaign: Campaign) -> bool:
    """Whether the text of a campaign is another one than that which it began with."""
    if not campaign.content.strip():
        return False
    try:
        began = words(work, campaign.template_id)
    except NotFound:
        return True
    kind = campaign.content_kind
    if kind != began["content_kind"]:
        return True
    return (campaign.content, campaign.text) != (
        mail.clean(work, kind, began["content"], campaign.content),
        began["text"],
    )
