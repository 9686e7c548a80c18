"""The core's steps of the set-up list, and how each knows that it is done."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Select, exists, func, select

from ...contributions import SetupStep
from ...core.statuses.counts import kept
from ...core.users.models import User
from ...work.tables import AuditEntry
from ...work.unit import Work


def steps() -> Sequence[SetupStep]:
    """Company, statuses, users, first contacts, extensions; plugins put theirs between."""
    return [
        SetupStep(
            label="Name your company",
            endpoint="settings.general",
            done=_named,
            permission="settings.edit",
            order=10,
        ),
        SetupStep(
            label="Choose your statuses",
            endpoint="statuses.field_options",
            done=_statuses_in_use,
            permission="statuses.edit",
            order=20,
        ),
        SetupStep(
            label="Invite the others", endpoint="users.index", done=_several_users, permission="users.edit", order=30
        ),
        SetupStep(
            label="Add your first contacts",
            endpoint="contacts.new",
            done=_any_contact,
            permission="contacts.edit",
            order=50,
        ),
        SetupStep(
            label="Choose your extensions",
            endpoint="extensions.index",
            done=_switched,
            permission="extensions.manage",
            order=60,
        ),
    ]


def _named(work: Work) -> bool:
    default = work.generation.settings["site.name"].default
    return bool(work.settings.get("site.name") not in ("", default))


def _statuses_in_use(work: Work) -> bool:
    """Whether somebody changed the list, or contacts have moved on from their first status."""
    return sum(number > 0 for number in kept(work).values()) > 1 or _somebody_did(work, "status")


def _several_users(work: Work) -> bool:
    return _people_did(work)[0]


def _any_contact(work: Work) -> bool:
    return any(kept(work).values())


def _switched(work: Work) -> bool:
    """Whether a person, not the first start, switched an extension."""
    return _people_did(work)[1]


def _people_did(work: Work) -> tuple[bool, bool]:
    """Whether there are several users, and whether one of them switched an extension: one look for both steps."""

    def read() -> tuple[bool, bool]:
        active = select(User.id).where(User.disabled_at.is_(None)).limit(2).subquery()
        number = select(func.count()).select_from(active).scalar_subquery()
        row = work.session.execute(select(number, exists(_by_people("plugin")))).one()
        return row[0] > 1, bool(row[1])

    return work.once(("set-up",), read)


def _somebody_did(work: Work, object_type: str) -> bool:
    return work.session.scalar(_by_people(object_type).limit(1)) is not None


def _by_people(object_type: str) -> Select[int]:
    return select(AuditEntry.id).where(AuditEntry.object_type == object_type, AuditEntry.actor_kind == "user")
