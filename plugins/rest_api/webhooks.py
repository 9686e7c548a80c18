"""Webhooks: adding, changing, pausing, deleting; which events each is told of."""

from __future__ import annotations

import dataclasses
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select

from crmhost.api import (
    Actor,
    Conflict,
    Forbidden,
    Invalid,
    Message,
    NotFound,
    Stale,
    User,
    Work,
    http,
    keyset,
    settings,
    texts,
    users,
)

from .models import Webhook

PERMISSION = "rest_api.webhooks"
#: Most webhooks of one user.
MOST = 50
MOST_EVENTS = 100
LONGEST_SECRET = 200
LONGEST_LABEL = 120

#: Events of the core, with what they say to people.
CORE_EVENTS: dict[str, str] = {
    "contact.created": Message("A contact was added"),
    "contact.updated": Message("A contact was changed"),
    "contact.status_changed": Message("The status of a contact changed"),
    "contact.deleted": Message("A contact was moved to the bin"),
    "contact.restored": Message("A contact came back from the bin"),
    "contact.erased": Message("A contact was erased for good"),
    "contact.merged": Message("Contacts were merged into one"),
    "contact.unmerged": Message("A merge of contacts was undone"),
    "journal.added": Message("A journal entry was written"),
    "journal.updated": Message("A journal entry was changed"),
    "journal.deleted": Message("A journal entry was deleted"),
    "status.added": Message("A status was added"),
    "status.renamed": Message("A status was renamed"),
    "status.reordered": Message("The statuses were put in another order"),
    "status.deleted": Message("A status was deleted"),
    "tag.renamed": Message("A tag was renamed"),
    "tag.merged": Message("Tags were merged"),
    "tag.deleted": Message("A tag was deleted"),
    "tag.restored": Message("A tag was brought back"),
    "mail.sent": Message("A mail was sent"),
    "mail.failed": Message("A mail could not be sent"),
    "mail.unknown": Message("Nobody knows whether a mail was sent"),
    "mail.bounced": Message("A mail came back"),
    "mail.complained": Message("Somebody complained of a mail"),
    "mail.unsubscribed": Message("Somebody unsubscribed"),
    "setting.changed": Message("Settings were changed"),
}
_OBJECTS = frozenset(name.partition(".")[0] for name in CORE_EVENTS)
_NAME = re.compile(r"[a-z][a-z0-9_]{0,38}\.(\*|[a-z][a-z0-9_]{0,38})\Z")


@dataclasses.dataclass(frozen=True)
class Made:
    """A webhook that was just added, or got a new secret, which is shown this once."""

    webhook: Webhook
    secret: str


# --- finding ---------------------------------------------------------------------------------------------------------


def all_webhooks(work: Work) -> list[tuple[Webhook, User]]:
    """The actor's webhooks with their owner, oldest first; those of all users for an admin."""
    work.require(PERMISSION)
    query = select(Webhook, User).join(User, User.id == Webhook.user_id).order_by(Webhook.id)
    if not _reaches_all(work.actor):
        query = query.where(Webhook.user_id == work.actor.user_id)
    return [(webhook, user) for webhook, user in work.session.execute(query)]


def get(work: Work, webhook_id: int) -> Webhook:
    """:raises NotFound: when there is none, or it is somebody else's."""
    work.require(PERMISSION)
    webhook = work.session.get(Webhook, keyset.valid_id(webhook_id) or 0)
    if webhook is None or not (webhook.user_id == work.actor.user_id or _reaches_all(work.actor)):
        raise NotFound("webhook", webhook_id)
    return webhook


def _reaches_all(actor: Actor) -> bool:
    """Whether the actor sees at least what any owner sees, so that sending it elsewhere gives nothing away."""
    return actor.may("*") and not actor.only_assigned


def wanting(work: Work, event: str) -> list[Webhook]:
    """All webhooks that are to be told of an event, whoever owns them."""
    found = work.session.scalars(select(Webhook).order_by(Webhook.id))
    return [webhook for webhook in found if any(_fits(pattern, event) for pattern in webhook.events)]


def _fits(pattern: str, event: str) -> bool:
    return pattern in ("*", event) or (pattern.endswith(".*") and event.startswith(pattern[:-1]))


def owner_of(work: Work, webhook: Webhook) -> Actor | None:
    """The owner as the one who acts, or ``None`` when they may not sign in, or not have webhooks, any more."""
    user = work.session.get(User, webhook.user_id)
    if user is None or user.disabled_at is not None:
        return None
    actor = users.actor_for(user)
    return actor if actor.may(PERMISSION) else None


# --- changing --------------------------------------------------------------------------------------------------------


def add(work: Work, fields: Mapping[str, Any]) -> Made:
    """Adds a webhook of the actor.

    :param fields: ``url``, ``events`` (names, ``contact.*`` or ``*``), ``label`` and ``secret``; without a secret one is made.
    :raises Invalid: sentences by field.
    """
    work.require(PERMISSION)
    owner = work.actor.user_id
    if owner is None:
        raise Forbidden(PERMISSION, "A webhook belongs to a user: sign in to add one.")
    values = _checked(work, {"url": None, "events": None, **fields})
    count = work.session.scalar(select(func.count()).select_from(Webhook).where(Webhook.user_id == owner)) or 0
    if count >= MOST:
        raise Conflict(Message("You have %(most)s webhooks: delete one that is not needed.", most=MOST))
    secret = values.pop("secret", "") or new_secret()
    webhook = Webhook(user_id=owner, created_at=work.now, version=1, **{"label": "", **values})
    work.session.add(webhook)
    work.session.flush()
    _keep_secret(work, webhook, secret)
    work.audit("webhook.created", "webhook", webhook.id, after=_shown(webhook))
    return Made(webhook, secret)


def change(work: Work, webhook_id: int, fields: Mapping[str, Any], *, version: int | None = None) -> Webhook:
    """Changes a webhook; fields that are not given stay, an empty secret too.

    :param version: the version that the caller saw; ``None`` writes whatever came between.
    :raises Stale: when somebody saved it since that version.
    :raises Invalid: sentences by field.
    """
    webhook = get(work, webhook_id)
    if version is not None and version != webhook.version:
        raise Stale("Somebody saved this webhook meanwhile: look at it again before you change it.")
    values = _checked(work, fields)
    secret = values.pop("secret", "")
    before = _shown(webhook)
    for name, value in values.items():
        setattr(webhook, name, value)
    after = _shown(webhook)
    if after == before and not secret:
        return webhook
    if after["url"] != before["url"]:
        _forget_failures(webhook)
    if secret:
        _keep_secret(work, webhook, secret)
        before, after = {**before, "secret": settings.MASK}, {**after, "secret": f"{settings.MASK} (new)"}
    webhook.version += 1
    work.session.flush()
    work.audit("webhook.changed", "webhook", webhook.id, before=before, after=after)
    return webhook


def renew_secret(work: Work, webhook_id: int) -> Made:
    """Makes a new secret; deliveries are signed with it from now on."""
    webhook, secret = get(work, webhook_id), new_secret()
    change(work, webhook_id, {"secret": secret})
    return Made(webhook, secret)


def pause(work: Work, webhook_id: int, why: str = "") -> Webhook:
    """Sends nothing more to it; what happens meanwhile is kept for when it is resumed."""
    webhook = get(work, webhook_id)
    if webhook.paused_at is None:
        set_paused(work, webhook, why)
    return webhook


def set_paused(work: Work, webhook: Webhook, why: str) -> None:
    """Pauses a webhook without asking for a permission: for what the plugin does by itself."""
    webhook.paused_at, webhook.paused_why = work.now, texts.shorten(why, 300)
    webhook.version += 1
    work.session.flush()
    work.audit("webhook.paused", "webhook", webhook.id, after={"url": webhook.url, "why": why})


def resume(work: Work, webhook_id: int) -> Webhook:
    """Sends to it again, first what was kept while it was paused."""
    webhook = get(work, webhook_id)
    if webhook.paused_at is not None:
        webhook.paused_at, webhook.paused_why = None, ""
        _forget_failures(webhook)
        webhook.version += 1
        work.session.flush()
        work.enqueue("rest_api.resume", dedupe=f"webhook {webhook.id}", webhook=webhook.id)
        work.audit("webhook.resumed", "webhook", webhook.id, after={"url": webhook.url})
    return webhook


def delete(work: Work, webhook_id: int) -> None:
    """Deletes a webhook with its log."""
    webhook = get(work, webhook_id)
    work.audit("webhook.deleted", "webhook", webhook.id, before=_shown(webhook))
    work.session.delete(webhook)
    work.session.flush()


def new_secret() -> str:
    """A secret that nobody guesses."""
    return f"whsec_{secrets.token_urlsafe(32)}"


def secret_of(work: Work, webhook: Webhook) -> str:
    """The secret, to sign with."""
    return settings.unseal(work, webhook.secret, _context(webhook))


def _keep_secret(work: Work, webhook: Webhook, secret: str) -> None:
    webhook.secret = settings.seal(work, secret, _context(webhook))
    work.session.flush()


def _context(webhook: Webhook) -> str:
    return f"rest_api.webhook {webhook.id}"


def _forget_failures(webhook: Webhook) -> None:
    webhook.failures, webhook.failing_since, webhook.retry_at = 0, None, None


def _shown(webhook: Webhook) -> dict[str, Any]:
    return {"url": webhook.url, "events": list(webhook.events), "label": webhook.label}


# --- what is taken ---------------------------------------------------------------------------------------------------


def _checked(work: Work, fields: Mapping[str, Any]) -> dict[str, Any]:
    errors: dict[str, list[str]] = {}
    values: dict[str, Any] = {}
    for name, check in (("url", _url), ("events", _events), ("label", _label), ("secret", _secret)):
        if name in fields:
            try:
                values[name] = check(work, fields[name])
            except Invalid as error:
                errors[name] = [str(error)]
    if errors:
        raise Invalid(errors)
    return values


def _url(work: Work, value: Any) -> str:
    try:
        return http.check_url(work, value if isinstance(value, str) else "")
    except http.RefusedAddress as error:
        raise Invalid(str(error)) from error


def _events(_work: Work, value: Any) -> list[str]:
    names: Sequence[Any] = value if isinstance(value, (list, tuple)) else []
    found = list(dict.fromkeys(texts.clean_line(str(name)).lower() for name in names))
    if not found:
        raise Invalid("Choose at least one event, such as contact.created, or * for all.")
    if len(found) > MOST_EVENTS:
        raise Invalid(Message("Choose at most %(most)s events; contact.* takes all of contacts.", most=MOST_EVENTS))
    for name in found:
        _check_name(name)
    return found


def _check_name(name: str) -> None:
    """:raises Invalid: when no event can be called so; of other extensions' events nobody knows the names."""
    kind, _, verb = name.partition(".")
    if name == "*" or (_NAME.match(name) and (kind not in _OBJECTS or verb == "*" or name in CORE_EVENTS)):
        return
    shown = texts.shorten(name, 60)
    near = texts.nearest(name, [*CORE_EVENTS, *(f"{kind}.*" for kind in _OBJECTS)])
    said = Message("There is no event “%(name)s”.", name=shown)
    raise Invalid(texts.unknown(said, near, Message("They are called object.verb, such as contact.created.")))


def _label(_work: Work, value: Any) -> str:
    return texts.shorten(texts.clean_line(str(value or "")), LONGEST_LABEL)


def _secret(_work: Work, value: Any) -> str:
    secret = str(value or "")
    if len(secret) > LONGEST_SECRET or secret != secret.strip() or not (secret.isprintable() and _is_text(secret)):
        raise Invalid(Message("Give a secret of at most %(longest)s visible characters.", longest=LONGEST_SECRET))
    return secret


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def known_events(extra: Iterable[str] = ()) -> list[tuple[str, str]]:
    """Pairs of name and English label for a choice: every event, all of each kind, each one, and others that are in use."""
    choices: list[tuple[str, str]] = [("*", Message("Everything that happens"))]
    for kind in dict.fromkeys(name.partition(".")[0] for name in CORE_EVENTS):
        choices.append((f"{kind}.*", _ALL_OF[kind]))
        choices += [(name, label) for name, label in CORE_EVENTS.items() if name.startswith(f"{kind}.")]
    known = {name for name, _ in choices}
    return [*choices, *((name, name) for name in extra if name not in known)]


_ALL_OF = {
    "contact": Message("Everything with contacts"),
    "journal": Message("Everything in the journal"),
    "status": Message("Everything with statuses"),
    "tag": Message("Everything with tags"),
    "mail": Message("Everything with mails"),
    "setting": Message("Everything with settings"),
}
