"""Settings > Users: users, their permissions and where each comes from, and roles."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from ...errors import CrmError
from ...web.request import current_work, requires, writing
from ...web.signin import asks_again
from ...web.toasts import toast
from ...work.unit import Work
from . import links, openid, second, services
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
    return [(str(role.id), _(role.name)) for role in services.all_roles(work)]


def _number(text: str) -> str | int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text


# --- users -----------------------------------------------------------------------------------------------------------


@requires("users.edit")
def index() -> ResponseReturnValue:
    """All users."""
    return render_template("users/index.html", users=services.all_users(current_work()))


@requires("users.edit")
@asks_again
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
                user_id = user.id
                token = "" if form.password.data else _invite(work, user_id)
        except CrmError as error:
            form.take(error)
        else:
            if token:
                return _invitation(user_id, token)
            toast(_("The user was added.") if form.password.data else _invited_words(user_id))
            return redirect(url_for("users.edit", user_id=user_id), 303)
    return render_template("users/new.html", form=form), 422 if form.is_submitted() else 200


def _invite(work: Work, user_id: int) -> str:
    """Invites by mail; where mails stay here, gives the token for the page instead."""
    if not links.mails_go_out(work):
        return links.invite(work, user_id)
    links.mail_invitation(work, user_id)
    return ""


def _invited_words(user_id: int) -> str:
    email = services.get(current_work(), user_id).email
    return str(_("A link is on its way to %(email)s. It works once, within 7 days.", email=email))


def _invitation(user_id: int, token: str) -> ResponseReturnValue:
    user = services.get(current_work(), user_id)
    address = url_for("users.invitation", token=token, _external=True)
    answer = make_response(
        render_template("users/invited.html", user=user, address=address, mails=links.mails_go_out(current_work()))
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


@requires("users.edit")
@asks_again
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
    page = render_template(
        "users/edit.html",
        form=form,
        user=user,
        role=user.role,
        groups=groups,
        invited=user.invite_until is not None and user.invite_until > work.now,
        sessions=services.sessions(work, user),
        linked=openid.linked(work, user.id),
        mails=links.mails_go_out(work),
    )
    return page, code


def _given_and_taken(work: Work) -> tuple[list[str], list[str]]:
    chosen = {name: request.form.get(f"permission.{name}", "") for name in work.generation.permissions}
    return [name for name, how in chosen.items() if how == "given"], [
        name for name, how in chosen.items() if how == "taken"
    ]


@requires("users.edit")
@asks_again
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
@asks_again
def invite(user_id: int) -> ResponseReturnValue:
    """Sends, or shows, a new link with which the user chooses a password; the one before no longer works."""
    by_hand = request.form.get("how") == "show"
    with writing() as work:
        token = links.invite(work, user_id) if by_hand else _invite(work, user_id)
    if token:
        return _invitation(user_id, token)
    toast(_invited_words(user_id))
    return redirect(url_for("users.edit", user_id=user_id), 303)


@requires("users.edit")
def revoke(user_id: int) -> ResponseReturnValue:
    """Ends the link that a user got."""
    with writing() as work:
        links.revoke_invitation(work, user_id)
    toast(_("The link no longer works."))
    return redirect(url_for("users.edit", user_id=user_id), 303)


@requires("users.edit")
@asks_again
def reset_second_step(user_id: int) -> ResponseReturnValue:
    """Takes the second step from a user who lost the app."""
    with writing() as work:
        second.reset(work, services.get(work, user_id))
    toast(_("The second step was taken away. They sign in with the password alone until they set it up anew."))
    return redirect(url_for("users.edit", user_id=user_id), 303)


@requires("users.edit")
@asks_again
def unlink(user_id: int) -> ResponseReturnValue:
    """Forgets which account at the OpenID provider the user has."""
    with writing() as work:
        openid.unlink(work, services.get(work, user_id))
    toast(_("The link to the provider is gone. The next one who comes with this e-mail is linked."))
    return redirect(url_for("users.edit", user_id=user_id), 303)


@requires("users.edit")
def sign_out_user(user_id: int) -> ResponseReturnValue:
    """Ends all sessions of a user."""
    with writing() as work:
        count = services.sign_out_everywhere(work, user_id)
    toast(ngettext("%(num)d browser was signed out.", "%(num)d browsers were signed out.", count))
    return redirect(url_for("users.edit", user_id=user_id), 303)


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
@asks_again
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
@asks_again
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
    add("/settings/users/<int:user_id>/revoke", view_func=revoke, methods=["POST"])
    add("/settings/users/<int:user_id>/second-step", view_func=reset_second_step, methods=["POST"])
    add("/settings/users/<int:user_id>/unlink", view_func=unlink, methods=["POST"])
    add("/settings/users/<int:user_id>/sign-out", view_func=sign_out_user, methods=["POST"])
    add("/settings/users/roles/", view_func=roles)
    add("/settings/users/roles/new", endpoint="new_role", view_func=role, methods=["GET", "POST"])
    add("/settings/users/roles/<int:role_id>", view_func=role, methods=["GET", "POST"])
    add("/settings/users/roles/<int:role_id>/delete", view_func=delete_role, methods=["POST"])
