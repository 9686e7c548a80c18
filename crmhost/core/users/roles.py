"""Roles: editable sets of permissions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import func, select

from ...contributions import Permission
from ...errors import Conflict, Forbidden, Invalid, NotFound
from ...messages import Message, Plural
from ...work.unit import Work
from ..keyset import valid_id
from ..text import clean_line, fold, nearest, unknown
from .models import Role, User

ADMIN = Message("Admin")

#: Roles of a new site and the permissions of the core that each begins with; plugins add theirs when they are enabled.
FIRST_ROLES: dict[str, Sequence[str]] = {
    ADMIN: (),
    Message("CRM manager"): (
        "contacts.view", "contacts.edit", "contacts.delete", "contacts.erase", "contacts.export", "journal.view", "journal.edit",
        "statuses.edit", "fields.manage", "tags.edit", "settings.edit", "audit.view",
        "mail.send", "mail.templates", "mail.html", "mail.log", "mail.clear", "mail.accounts", "mail.bounces",
    ),
    Message("Contacts manager"): (
        "contacts.view", "contacts.edit", "contacts.delete", "contacts.export", "journal.view", "journal.edit", "tags.edit",
        "mail.send",
    ),
    Message("Quotes manager"): ("contacts.view", "journal.view", "journal.edit", "mail.send"),
    Message("Invoices manager"): ("contacts.view", "journal.view", "journal.edit", "mail.send"),
    Message("Transactions manager"): ("contacts.view", "journal.view", "journal.edit", "mail.send"),
    Message("Mail manager"): (
        "contacts.view", "journal.view", "journal.edit", "mail.send", "mail.templates", "mail.html", "mail.log", "mail.clear",
    ),
    Message("Read only"): ("contacts.view", "journal.view"),
}  # fmt: skip


def first_roles(work: Work) -> None:
    """Makes the roles of a new site, where there are none."""
    if not work.session.scalar(select(func.count()).select_from(Role)):
        work.session.add_all(
            Role(name=name, permissions=sorted(permissions), locked=name == ADMIN)
            for name, permissions in FIRST_ROLES.items()
        )
        work.session.flush()


def grant_defaults(work: Work, permissions: Iterable[Permission]) -> None:
    """Gives new permissions to the default roles that their plugin names."""
    wanted = list(permissions)
    for role in work.session.scalars(select(Role).where(Role.locked.is_(False))):
        more = {item.name for item in wanted if role.name in item.roles}
        if more - set(role.permissions):
            role.permissions = sorted(more | set(role.permissions))


def all_roles(work: Work) -> list[Role]:
    """All roles, Admin first, then in the order in which they were made."""
    return list(work.session.scalars(select(Role).order_by(Role.locked.desc(), Role.id)))


def find_role(work: Work, name: str | int) -> Role:
    """The role of that id or name (case and outer blanks do not matter).

    :raises Invalid: naming the nearest role.
    """
    roles = all_roles(work)
    for role in roles:
        if role.id == name or (isinstance(name, str) and fold(role.name) == fold(name)):
            return role
    near = nearest(str(name), [role.name for role in roles])
    raise Invalid({"role": [unknown(Message("There is no role “%(name)s”.", name=str(name)), near)]})


def get_role(work: Work, role_id: int) -> Role:
    """:raises NotFound: when there is none."""
    role = work.session.get(Role, valid_id(role_id) or 0)
    if role is None:
        raise NotFound("role", role_id)
    return role


def save_role(work: Work, role_id: int | None, name: str, permissions: Iterable[str]) -> Role:
    """Makes a role, or changes one. Permissions of plugins that are off are kept as they are.

    :raises Forbidden: when the actor hands out what it does not hold.
    """
    work.require("users.edit")
    name = clean_line(name)[:80]
    if not name:
        raise Invalid({"name": ["Give the role a name."]})
    role = get_role(work, role_id) if role_id is not None else Role(name=name, permissions=[])
    if role.locked:
        raise Conflict("Admin holds every permission and can't be changed.")
    others = [other.name for other in all_roles(work) if other is not role and other.id != role_id]
    if fold(name) in map(fold, others):
        raise Invalid({"name": [Message("There is a role “%(name)s” already.", name=name)]})
    known = work.generation.permissions
    dormant = {item for item in role.permissions if item not in known}
    chosen = {item for item in permissions if item in known} | dormant
    check_handing_out(work, chosen ^ set(role.permissions))
    before = {"name": role.name, "permissions": list(role.permissions)}
    role.name, role.permissions = name, sorted(chosen)
    work.session.add(role)
    work.session.flush()
    if role_id is not None and before["name"] != name:
        from .openid_settings import renamed_role

        renamed_role(work, str(before["name"]), name)
    after = {"name": name, "permissions": role.permissions}
    work.audit("role.saved", "role", role.id, before=before if role_id is not None else None, after=after)
    return role


def delete_role(work: Work, role_id: int) -> None:
    """Deletes a role that nobody has."""
    work.require("users.edit")
    role = get_role(work, role_id)
    if role.locked:
        raise Conflict("Admin can't be deleted.")
    count = work.session.scalar(select(func.count()).select_from(User).where(User.role_id == role_id))
    if count:
        raise Conflict(
            Plural(
                "%(num)s user has the role “%(name)s”: give them another one first.",
                "%(num)s users have the role “%(name)s”: give them another one first.",
                count,
                name=role.name,
            )
        )
    work.audit("role.deleted", "role", role_id, before={"name": role.name, "permissions": role.permissions})
    work.session.delete(role)
    work.session.flush()


def permissions_of(user: User) -> frozenset[str]:
    """What a user may do: the role's permissions, those given on top, less those taken; all for Admin."""
    if user.role.locked:
        return frozenset({"*"})
    return frozenset((set(user.role.permissions) | set(user.given)) - set(user.taken))


def check_handing_out(work: Work, permissions: Iterable[str]) -> None:
    """:raises Forbidden: when the actor would give or take a permission that it does not hold itself."""
    for name in sorted(permissions):
        if not work.actor.may(name):
            raise Forbidden(
                name, Message("You can't give or take “%(name)s”, because you do not hold it yourself.", name=name)
            )
