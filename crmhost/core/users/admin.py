"""Settings > Users: users, their permissions and where each comes from, and roles."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...errors import CrmError
from ...web.request import current_work, requires, writing
from ...web.toasts import toast
from ...work.unit import Work
from . import services
from .forms import NewUserForm, UserForm
from .models import Role
from .services import Held


@dataclasses.dataclass(frozen=True)
class PermissionGroup:
    """Permissions of one plugin."""

    label: str
    permissions: Sequence[Held]


def grouped(work: Work, held: Iterable[Held]) -> list[PermissionGroup]:
    """Permissions under the name of the plugin that defines them, in the order of plugins."""
    by_plugin: dict[str, list[Held]] = {}
    declared = work.generation.permissions
    for item in sorted(held, key=lambda item: (declared[item.name].order, item.name)):
        by_plugin.setdefault(declared[item.name].plugin, []).append(item)
    known = {plugin.id: plugin.manifest.name for plugin in work.generation.plugins}
    return [PermissionGroup(_(known[name]), by_plugin[name]) for name in known if name in by_plugin]


def _roles(work: Work) -> list[tuple[str, str]]:
    return [(str(role.id), role.name) for role in services.all_roles(work)]


def _number(text: str) -> str | int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text


# --- users -----------------------------------------------------------------------------------------------------------


@requires("users.edit")
def index() -> ResponseReturnValue:
    """All users."""
    return render_template("users/index.html", users=services.all_users(current_work()))


@requires("users.edit")
def new() -> ResponseReturnValue:
    """Add a user, with a password or an invitation."""
    form = NewUserForm()
    work = current_work()
    form.role.offer(_roles(work))
    if form.validate_on_submit():
        try:
            with writing() as work:
                user = services.create(
                    work,
                    form.email.data or "",
                    _number(form.role.data),
                    form.password.data or None,
                    name=form.name.data or "",
                )
                token = "" if form.password.data else services.invite(work, user.id)
                user_id = user.id
        except CrmError as error:
            form.take(error)
        else:
            if token:
                return _invitation(user_id, token)
            toast(_("The user was added."))
            return redirect(url_for("users.edit", user_id=user_id), 303)
    return render_template("users/new.html", form=form), 422 if form.is_submitted() else 200


def _invitation(user_id: int, token: str) -> ResponseReturnValue:
    user = services.get(current_work(), user_id)
    address = url_for("users.invitation", token=token, _external=True)
    return render_template("users/invited.html", user=user, address=address)


@requires("users.edit")
def edit(user_id: int) -> ResponseReturnValue:
    """One user: name, role, permissions."""
    work = current_work()
    user = services.get(work, user_id)
    form = UserForm(data={"name": user.name, "role": str(user.role_id), "only_assigned": user.only_assigned})
    form.role.offer(_roles(work))
    if form.validate_on_submit():
        given, taken = _given_and_taken(work)
        try:
            with writing() as work:
                services.edit(
                    work,
                    user_id,
                    name=form.name.data,
                    role=_number(form.role.data),
                    given=given,
                    taken=taken,
                    only_assigned=bool(form.only_assigned.data),
                )
        except CrmError as error:
            form.take(error) if error.status != 403 else form.general.append(_(error.message))
            user = services.get(current_work(), user_id)
        else:
            toast(_("Saved."))
            return redirect(url_for("users.edit", user_id=user_id), 303)
    work = current_work()
    groups = grouped(work, services.explain(work, user))
    code = 422 if form.is_submitted() else 200
    return render_template("users/edit.html", form=form, user=user, role=user.role, groups=groups), code


def _given_and_taken(work: Work) -> tuple[list[str], list[str]]:
    chosen = {name: request.form.get(f"permission.{name}", "") for name in work.generation.permissions}
    return [name for name, how in chosen.items() if how == "given"], [
        name for name, how in chosen.items() if how == "taken"
    ]


@requires("users.edit")
def switch(user_id: int) -> ResponseReturnValue:
    """Disable a user, or let a disabled one sign in again."""
    off = request.form.get("do") == "disable"
    with writing() as work:
        user = services.disable(work, user_id) if off else services.enable(work, user_id)
        name = user.name or user.email
    if off:
        toast(
            _("%(name)s was disabled and signed out everywhere.", name=name), url_for("users.switch", user_id=user_id)
        )
    else:
        toast(_("%(name)s can sign in again.", name=name))
    return redirect(url_for("users.edit", user_id=user_id), 303)


@requires("users.edit")
def invite(user_id: int) -> ResponseReturnValue:
    """Make a new link with which the user chooses a password."""
    with writing() as work:
        token = services.invite(work, user_id)
    return _invitation(user_id, token)


# --- roles -----------------------------------------------------------------------------------------------------------


@requires("users.edit")
def roles() -> ResponseReturnValue:
    """All roles."""
    work = current_work()
    counts: dict[int, int] = {}
    for user, _role in services.all_users(work):
        counts[user.role_id] = counts.get(user.role_id, 0) + 1
    return render_template(
        "users/roles.html", roles=services.all_roles(work), counts=counts, known=work.generation.permissions
    )


@requires("users.edit")
def role(role_id: int | None = None) -> ResponseReturnValue:
    """One role, or a new one."""
    work = current_work()
    found: Role | None = services.get_role(work, role_id) if role_id is not None else None
    errors: list[str] = []
    name = found.name if found else ""
    chosen = set(found.permissions) if found else set()
    if request.method == "POST":
        name, chosen = request.form.get("name", ""), set(request.form.getlist("permission"))
        try:
            with writing() as work:
                services.save_role(work, role_id, name, chosen)
        except CrmError as error:
            errors = [_(error.message)]
            found = services.get_role(current_work(), role_id) if role_id is not None else None
        else:
            toast(_("The role was saved."))
            return redirect(url_for("users.roles"), 303)
    work = current_work()
    locked = bool(found and found.locked)
    held = [Held(key, item.label, locked or key in chosen, "") for key, item in work.generation.permissions.items()]
    groups = grouped(work, held)
    dormant = sorted(key for key in (found.permissions if found else ()) if key not in work.generation.permissions)
    page = render_template(
        "users/role.html", role=found, name=name, groups=groups, errors=errors, dormant=dormant, locked=locked
    )
    return page, 422 if errors else 200


@requires("users.edit")
def delete_role(role_id: int) -> ResponseReturnValue:
    """Delete a role that nobody has."""
    with writing() as work:
        services.delete_role(work, role_id)
    toast(_("The role was deleted."))
    return redirect(url_for("users.roles"), 303)


def add_user_pages(blueprint: Blueprint) -> None:
    """Adds the pages to the blueprint."""
    add = blueprint.add_url_rule
    add("/settings/users/", view_func=index)
    add("/settings/users/new", view_func=new, methods=["GET", "POST"])
    add("/settings/users/<int:user_id>", view_func=edit, methods=["GET", "POST"])
    add("/settings/users/<int:user_id>/switch", view_func=switch, methods=["POST"])
    add("/settings/users/<int:user_id>/invite", view_func=invite, methods=["POST"])
    add("/settings/users/roles/", view_func=roles)
    add("/settings/users/roles/new", endpoint="new_role", view_func=role, methods=["GET", "POST"])
    add("/settings/users/roles/<int:role_id>", view_func=role, methods=["GET", "POST"])
    add("/settings/users/roles/<int:role_id>/delete", view_func=delete_role, methods=["POST"])
