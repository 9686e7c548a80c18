"""Users: adding, changing, disabling; what each may do and where it comes from; what each arranged for themselves."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from sqlalchemy import func, or_, select

from ...errors import Conflict, Forbidden, Invalid, NotFound
from ...messages import Message
from ...work.unit import Actor, Work
from ..contacts.emails import check_email, email_key
from ..keyset import valid_id
from ..text import clean_line, sort_key
from . import browsers, passwords, roles, tickets
from .entering import TooManyAttempts, sign_in
from .entering import key_of as key_of
from .lastseen import note_session, note_token
from .links import accept_invitation, invite, invited, problems_of, store_password
from .models import Identity, Role, User
from .preferences import own_id, preference, set_preference
from .roles import (
    all_roles,
    check_handing_out,
    delete_role,
    find_role,
    get_role,
    grant_defaults,
    permissions_of,
    save_role,
)
from .sessions import (
    end_sessions,
    make_token,
    open_session,
    revoke_token,
    seen,
    session_user,
    sessions,
    sign_out,
    sign_out_elsewhere,
    token_seen,
    token_user,
    tokens,
)

Origin = Literal["role", "given", "taken"]


@dataclasses.dataclass(frozen=True)
class Held:
    """A permission as the page of a user shows it.

    :param held: whether the user has it in the end.
    :param origin: where that comes from; ``""`` when neither the role nor the user names it.
    """

    name: str
    label: str
    held: bool
    origin: Origin | Literal[""]


def first_start(work: Work) -> None:
    """Makes the roles of a new site."""
    roles.first_roles(work)


# --- finding ---------------------------------------------------------------------------------------------------------


def find_by_email(work: Work, email: str) -> User | None:
    """The user with this address, in any case."""
    return work.session.scalar(select(User).where(User.email_key == key_of(email)))


def get(work: Work, user_id: int) -> User:
    """:raises NotFound: when there is none."""
    user = work.session.get(User, valid_id(user_id) or 0)
    if user is None:
        raise NotFound("user", user_id)
    return user


def all_users(work: Work) -> list[tuple[User, Role]]:
    """All users with their roles, by name."""
    rows = work.session.execute(select(User, Role).join(Role, Role.id == User.role_id))
    return sorted(((user, role) for user, role in rows), key=lambda pair: sort_key(pair[0].name or pair[0].email))


def explain(work: Work, user: User) -> list[Held]:
    """Every permission that is known now, and where the user's yes or no comes from."""
    found = []
    for name, permission in sorted(work.generation.permissions.items()):
        by_role = user.role.locked or name in user.role.permissions
        origin: Origin | Literal[""] = "role" if by_role else ""
        if not user.role.locked:
            origin = "taken" if name in user.taken else "given" if name in user.given else origin
        found.append(Held(name, permission.label, origin in ("role", "given"), origin))
    return found


def actor_for(user: User, address: str = "") -> Actor:
    """The user as the one who acts."""
    return Actor(
        "user",
        user.name or user.email,
        user_id=user.id,
        permissions=permissions_of(user),
        only_assigned=user.only_assigned,
        address=address,
    )


# --- changing --------------------------------------------------------------------------------------------------------


def create(work: Work, email: str, role: str | int, password: str | None = None, *, name: str = "") -> User:
    """Adds a user, with a password or, without one, to be invited by :func:`invite`.

    :raises Invalid: field by field.
    :raises Forbidden: when the role holds more than the actor does.
    """
    work.require("users.edit")
    errors: dict[str, list[str]] = {}
    address = ""
    try:
        address = check_email(email)
    except ValueError as error:
        errors["email"] = [str(error)]
    if address and find_by_email(work, address) is not None:
        errors["email"] = [Message("There is a user %(address)s already.", address=address)]
    site = str(work.settings.get("site.name") or "")
    if password is not None and (wrong := passwords.problems(password, email, name, site)):
        errors["password"] = wrong
    try:
        chosen = find_role(work, role)
    except Invalid as error:
        errors.update(error.errors)
    if errors:
        raise Invalid(errors)
    check_handing_out(work, ["*"] if chosen.locked else chosen.permissions)
    user = User(
        email=address,
        email_key=email_key(address),
        name=clean_line(name)[:120],
        password=passwords.hash_password(password) if password is not None else "",
        role=chosen,
        given=[],
        taken=[],
        only_assigned=False,
        created_at=work.now,
        locale="",
    )
    work.session.add(user)
    work.session.flush()
    work.audit("user.created", "user", user.id, after={"email": address, "role": chosen.name})
    return user


def edit(
    work: Work,
    user_id: int,
    *,
    name: str | None = None,
    role: str | int | None = None,
    given: Iterable[str] | None = None,
    taken: Iterable[str] | None = None,
    only_assigned: bool | None = None,
) -> User:
    """Changes a user; what is ``None`` stays.

    :raises Conflict: when the last admin would lose the role.
    """
    work.require("users.edit")
    user = get(work, user_id)
    before = _shown(user)
    held_before = permissions_of(user)
    if name is not None:
        user.name = clean_line(name)[:120]
    if role is not None:
        chosen = find_role(work, role)
        if chosen.id != user.role_id:
            _keep_one_admin(work, user)
            user.role = chosen
    known = work.generation.permissions
    if given is not None:
        user.given = sorted(
            {item for item in given if item in known} | {item for item in user.given if item not in known}
        )
    if taken is not None:
        user.taken = sorted(
            {item for item in taken if item in known} | {item for item in user.taken if item not in known}
        )
    if only_assigned is not None and only_assigned != user.only_assigned:
        if work.actor.only_assigned:
            raise Forbidden("users.edit", "You see only your own contacts, so you can't set that limit for anybody.")
        user.only_assigned = only_assigned
    check_handing_out(work, permissions_of(user) ^ held_before)
    work.session.flush()
    work.audit("user.changed", "user", user.id, before=before, after=_shown(user))
    return user


def _shown(user: User) -> dict[str, Any]:
    return {
        "name": user.name,
        "role": user.role.name,
        "given": list(user.given),
        "taken": list(user.taken),
        "only_assigned": user.only_assigned,
    }


def disable(work: Work, user_id: int) -> User:
    """Disables a user and ends all their sessions in the same transaction."""
    work.require("users.edit")
    user = get(work, user_id)
    if user.id == work.actor.user_id:
        raise Conflict("You can't disable yourself; ask another admin.")
    check_handing_out(work, permissions_of(user))
    if user.disabled_at is None:
        _keep_one_admin(work, user)
        user.disabled_at = work.now
        user.invite_hash = user.invite_until = None
        end_sessions(work, user)
        tickets.drop(work, user.id)
        browsers.distrust(work, user.id)
        work.session.flush()
        work.audit("user.disabled", "user", user.id)
    return user


def enable(work: Work, user_id: int) -> User:
    """Lets a disabled user sign in again."""
    work.require("users.edit")
    user = get(work, user_id)
    check_handing_out(work, permissions_of(user))
    if user.disabled_at is not None:
        user.disabled_at = None
        work.audit("user.enabled", "user", user.id)
    return user


def sign_out_everywhere(work: Work, user_id: int) -> int:
    """Ends all sessions of a user, as who manages users; says how many there were."""
    work.require("users.edit")
    user = get(work, user_id)
    check_handing_out(work, permissions_of(user))
    count = len(sessions(work, user))
    end_sessions(work, user)
    tickets.drop(work, user.id)
    work.audit("user.signed_out", "user", user.id, after={"sessions": count})
    return count


def _keep_one_admin(work: Work, user: User) -> None:
    """:raises Conflict: when this is the only user left with a role that may do everything."""
    if not user.role.locked or user.disabled_at is not None:
        return
    # Two admins who disable each other at the same moment wait for one another here.
    work.session.execute(select(Role.id).where(Role.locked.is_(True)).with_for_update())
    # Somebody who was invited and has not come yet can't help the others.
    can_come_in = or_(User.password != "", User.id.in_(select(Identity.user_id)))
    others = (
        select(func.count())
        .select_from(User)
        .join(Role, Role.id == User.role_id)
        .where(Role.locked.is_(True), User.disabled_at.is_(None), User.id != user.id, can_come_in)
    )
    if not work.session.scalar(others):
        raise Conflict("This is the last admin. Make somebody else an admin first.")


def set_password(work: Work, user_id: int, password: str, *, current: str | None = None, keep: str = "") -> None:
    """Sets a password and ends the user's other sessions.

    :param current: the password in force, which users must know to change their own.
    :param keep: token of the session that goes on.
    """
    user = get(work, user_id)
    if work.actor.user_id == user.id:
        # Somebody who came through a provider chooses the first one.
        if user.password and (current is None or not passwords.fits(user.password, current)):
            raise Invalid({"current": ["That is not your password now."]})
    else:
        work.require("users.edit")
        check_handing_out(work, permissions_of(user))
    if wrong := problems_of(work, user, password):
        raise Invalid({"password": wrong})
    store_password(work, user, password)
    if keep:
        sign_out_elsewhere(work, keep)
    else:
        end_sessions(work, user)
    work.audit("user.password_changed", "user", user.id)


def password_fits(user: User, password: str) -> bool:
    """Whether this is the user's password."""
    return passwords.fits(user.password, password)


def set_locale(work: Work, locale: str) -> None:
    """Sets the language of the actor's own pages; empty: the site's."""
    user = get(work, own_id(work))
    user.locale = locale[:10]


def names(work: Work, user_ids: Iterable[int]) -> Mapping[int, str]:
    """What to call these users: id -> name, or e-mail without one."""
    wanted: Sequence[int] = sorted(set(user_ids))
    rows = work.session.execute(select(User.id, User.name, User.email).where(User.id.in_(wanted)))
    return {row.id: row.name or row.email for row in rows}


__all__ = [
    "Held",
    "TooManyAttempts",
    "accept_invitation",
    "actor_for",
    "all_roles",
    "all_users",
    "create",
    "delete_role",
    "disable",
    "edit",
    "enable",
    "explain",
    "find_by_email",
    "find_role",
    "first_start",
    "get",
    "get_role",
    "grant_defaults",
    "invite",
    "invited",
    "make_token",
    "names",
    "note_session",
    "note_token",
    "open_session",
    "password_fits",
    "permissions_of",
    "preference",
    "revoke_token",
    "save_role",
    "seen",
    "session_user",
    "sessions",
    "set_locale",
    "set_password",
    "set_preference",
    "sign_in",
    "sign_out",
    "sign_out_elsewhere",
    "sign_out_everywhere",
    "token_seen",
    "token_user",
    "tokens",
]
