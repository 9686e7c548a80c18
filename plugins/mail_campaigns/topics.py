"""Topics of campaigns: what readers choose from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select, update

from crmhost.api import Conflict, Invalid, Message, NotFound, Read, Stale, Work, keyset, texts

from .models import Campaign, Sequence, Topic

MOST = 50
_KIND = "mail_topic"
#: Campaigns of a topic in these states are over.
_OVER = ("sent", "cancelled")


def all_topics(work: Work) -> list[Topic]:
    """All of them, by name."""
    return list(work.session.scalars(select(Topic).order_by(Topic.name_key)))


def get(work: Work, topic_id: int) -> Topic:
    """:raises NotFound: when there is none."""
    found: Topic | None = work.session.get(Topic, keyset.valid_id(topic_id) or 0)
    if found is None:
        raise NotFound("topic", topic_id)
    return found


def name_read(topic_id: int) -> Read:
    """What a topic is called."""
    return Read(("mail_campaigns.topic", topic_id), select(Topic.name).where(Topic.id == topic_id))


def save(work: Work, topic_id: int | None, given: Mapping[str, Any], *, version: int | None = None) -> Topic:
    """Adds a topic (``topic_id`` is ``None``) or changes one.

    :param given: name, description, chosen (whether who said nothing gets it).
    :raises Invalid: by field.
    :raises Stale: when somebody saved it since that version.
    """
    work.require("mail_campaigns.topics")
    topic = get(work, topic_id) if topic_id is not None else None
    if topic is not None and version is not None and version != topic.version:
        raise Stale("Somebody saved this topic meanwhile: look at their changes before you save yours.")
    values = _checked(work, given, topic_id)
    before = snapshot(topic) if topic is not None else None
    if topic is None:
        if (work.session.scalar(select(func.count()).select_from(Topic)) or 0) >= MOST:
            raise Invalid(Message("There can be at most %(most)s topics.", most=MOST))
        topic = Topic(**values, version=1)
        work.session.add(topic)
    else:
        for name, value in values.items():
            setattr(topic, name, value)
        topic.version += 1
    work.session.flush()
    action = "mail_topic.updated" if before else "mail_topic.created"
    work.audit(action, _KIND, topic.id, before=before, after=snapshot(topic))
    return topic


def _checked(work: Work, given: Mapping[str, Any], topic_id: int | None) -> dict[str, Any]:
    errors: dict[str, list[str]] = {}
    name, description = (texts.clean_line(str(given.get(field) or "")) for field in ("name", "description"))
    key = texts.fold(name)[:80]
    other = select(Topic.id).where(Topic.name_key == key, Topic.id != (topic_id or 0))
    if not name:
        errors["name"] = ["Give the topic a name; readers see it."]
    elif len(name) > 80:
        errors["name"] = ["This is too long: at most 80 characters."]
    elif work.session.scalar(other) is not None:
        errors["name"] = [Message("There is a topic “%(name)s” already.", name=name)]
    if len(description) > 300:
        errors["description"] = ["This is too long: at most 300 characters."]
    if errors:
        raise Invalid(errors)
    return {"name": name, "name_key": key, "description": description, "chosen": bool(given.get("chosen"))}


def delete(work: Work, topic_id: int) -> str:
    """Deletes a topic with what people chose of it; gives its name.

    :raises Conflict: while a campaign that is not over or a sequence belongs to it: it would go to those who did not want it.
    """
    work.require("mail_campaigns.topics")
    topic = get(work, topic_id)
    mine = Campaign.topic_id == topic.id
    # What went out of a sequence is a campaign too, which is never over.
    waiting = select(Campaign.name).where(mine, Campaign.state.not_in(_OVER), Campaign.step_id.is_(None))
    name = work.session.scalar(waiting.order_by(Campaign.id).limit(1))
    sequence = select(Sequence.name).where(Sequence.topic_id == topic.id).order_by(Sequence.id).limit(1)
    if (used := work.session.scalar(sequence)) is not None:
        raise Conflict(Message("The sequence “%(name)s” belongs to this topic: give it another one first.", name=used))
    if name is not None:
        raise Conflict(
            Message("The campaign “%(name)s” belongs to this topic: give it another one, or send it first.", name=name)
        )
    before = snapshot(topic)
    work.session.execute(update(Campaign).where(mine).values(topic_id=None))
    work.session.delete(topic)
    work.session.flush()
    work.audit("mail_topic.deleted", _KIND, topic_id, before=before)
    return str(before["name"])


def snapshot(topic: Topic) -> dict[str, Any]:
    """A topic for the audit log, and as forms show it."""
    return {"name": topic.name, "description": topic.description, "chosen": topic.chosen}
