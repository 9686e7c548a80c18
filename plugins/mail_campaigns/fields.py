"""What may be written into a campaign, checked field by field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmhost.api import Invalid, Message, NotFound, Work, keyset, mail, texts

from . import audience, subjects, topics
from .models import Campaign, Step

#: Kinds of content, as :func:`mail.compose` knows them.
KINDS = ("blocks", "rich", "text", "html", "mjml")
LONGEST = 400_000
UNSUBSCRIBE = ("unsubscribe.line", "unsubscribe.url")


def prepare(work: Work, given: Mapping[str, Any], campaign: Campaign | Step | None) -> dict[str, Any]:
    """The values of the fields that were given; a draft may lack all but its name.

    :param given: name, subject, content_kind, content (``html`` for short: content of that kind), text, account, audience,
        track_clicks, track_opens, template_id, topic (id); subjects (further ones, a list), test_share, test_figure, test_wait.
    :raises Invalid: by field.
    """
    given = dict(given)
    errors: dict[str, list[str]] = {}
    found: dict[str, Any] = {}
    if "html" in given:
        given["content"], given["content_kind"] = given.pop("html"), "html"
    if "name" in given or campaign is None:
        found["name"] = texts.clean_line(str(given.get("name") or ""))
        if not found["name"]:
            errors["name"] = ["Give the campaign a name; only you and your colleagues see it."]
        elif len(found["name"]) > 200:
            errors["name"] = ["This is too long: at most 200 characters."]
        found["name_key"] = texts.fold(found["name"])[:200]
    if "subject" in given:
        found["subject"] = texts.clean_line(str(given["subject"] or ""))
        if len(found["subject"]) > 300:
            errors["subject"] = ["This is too long: at most 300 characters."]
    _tried(given, found, errors)
    if "content_kind" in given:
        found["content_kind"] = str(given["content_kind"] or "rich")
        if found["content_kind"] not in KINDS:
            errors["content_kind"] = ["Choose blocks, rich text, text, HTML or MJML."]
    for name in ("content", "text"):
        if name in given:
            found[name] = texts.clean_text(str(given[name] or ""))
            if len(found[name]) > LONGEST:
                errors[name] = [Message("This is too long: at most %(longest)s characters.", longest=LONGEST)]
    if "template_id" in given:
        found["template_id"] = keyset.valid_id(given["template_id"])
    for name in ("track_clicks", "track_opens"):
        if name in given:
            found[name] = bool(given[name])
    if "topic" in given or "topic_id" in given:
        found["topic_id"] = _topic(work, given.get("topic", given.get("topic_id")), errors)
    _account(work, given, found, errors)
    if "audience" in given:
        try:
            found["audience"] = audience.clean(work, given["audience"] or {})
        except Invalid as error:
            errors |= error.errors
    if not errors:
        errors |= subjects.clean(found, campaign)
    if not errors:
        _check_text(work, found, campaign, errors)
    if errors:
        raise Invalid(errors)
    return found


def _topic(work: Work, given: Any, errors: dict[str, list[str]]) -> int | None:
    if given in (None, ""):
        return None
    try:
        return topics.get(work, keyset.valid_id(given) or 0).id
    except NotFound:
        errors["topic"] = ["This topic is gone: choose another one."]
        return None


def _account(work: Work, given: Mapping[str, Any], found: dict[str, Any], errors: dict[str, list[str]]) -> None:
    name = "account" if "account" in given else "account_id"
    if name not in given:
        return
    found["account_id"] = None
    if given[name] not in (None, ""):
        found["account_id"] = keyset.valid_id(given[name])
        try:
            mail.accounts.get(work, found["account_id"] or 0)
        except NotFound:
            errors[name] = ["This account is gone: choose another one."]


def _tried(given: Mapping[str, Any], found: dict[str, Any], errors: dict[str, list[str]]) -> None:
    """What is said of several subjects."""
    if "subjects" in given:
        some = given["subjects"] or []
        lines = [texts.clean_line(str(one or "")) for one in some] if isinstance(some, (list, tuple)) else []
        found["subjects"] = [line for line in lines if line]
        if any(len(line) > 300 for line in lines):
            errors["subjects"] = ["This is too long: at most 300 characters."]
    if "test_figure" in given:
        found["test_figure"] = str(given["test_figure"] or "")
        if found["test_figure"] not in (*subjects.DECIDES, subjects.HAND):
            errors["test_figure"] = ["Choose what decides."]
    for name, (least, most) in (("test_share", subjects.SHARES), ("test_wait", subjects.WAITS)):
        if name in given:
            number = given[name]
            fits = isinstance(number, int) and least <= number <= most
            found[name] = number if fits else least
            if not fits:
                errors[name] = [Message("Give a number from %(least)s to %(most)s.", least=least, most=most)]


def _check_text(
    work: Work, found: dict[str, Any], campaign: Campaign | Step | None, errors: dict[str, list[str]]
) -> None:
    """What can't be read, and placeholders that nobody knows; rich text and blocks are made harmless."""
    changed = {"subject", "subjects", "content", "content_kind", "text"} & set(found)
    if not changed:
        return
    kind, subject, content, text = (
        found.get(name, getattr(campaign, name, default))
        for name, default in (("content_kind", "rich"), ("subject", ""), ("content", ""), ("text", ""))
    )
    errors |= mail.problems(work, kind, subject, content, text)
    if not errors and found.get("subjects"):
        errors |= subjects.unreadable(work, found["subjects"])
    if not errors and "content" in found:
        try:
            found["content"] = mail.clean(work, kind, content, _kept(work, found, campaign, kind))
        except Invalid as error:
            errors |= error.errors


def _kept(work: Work, found: Mapping[str, Any], campaign: Campaign | Step | None, kind: str) -> str:
    """The content of this kind that the new one takes the place of: the campaign's own, or its template's when it begins."""
    if found.get("template_id") is not None:
        template = mail.template(work, found["template_id"])
        return template.content if template.kind == kind else ""
    return campaign.content if campaign is not None and campaign.content_kind == kind else ""
