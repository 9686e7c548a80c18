"""The page with tokens of the API: making one, seeing when each was used last, revoking."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from crmhost.api import users
from crmhost.web.api import current_work, gettext, redirect, render_template, request, toast, url_for, writing

blueprint = Blueprint("rest_api", __name__)


@blueprint.get("/")
def list_tokens() -> ResponseReturnValue:
    """Lists one's own tokens; those of all users for who manages users."""
    return _page()


@blueprint.post("/")
def make_token() -> ResponseReturnValue:
    """Makes a token, which is shown this once."""
    label = request.form.get("label", "").strip()
    if not label:
        return _page(problem=gettext("Say what the token is for, so that you know later which one to revoke.")), 422
    with writing() as work:
        token = users.make_token(work, users.get(work, work.actor.user_id or 0), label)
    return _page(token=token)


@blueprint.post("/<int(max=2147483647):token_id>/revoke")
def revoke_token(token_id: int) -> ResponseReturnValue:
    """Revokes a token."""
    with writing() as work:
        users.revoke_token(work, token_id)
    toast(gettext("The token was revoked. What used it can no longer sign in."))
    return redirect(url_for("rest_api.list_tokens"), 303)


def _page(*, token: str = "", problem: str = "") -> str:
    work = current_work()
    return render_template(
        "rest_api/tokens.html",
        tokens=users.tokens(work),
        me=work.actor.user_id,
        everybody=work.can("users.edit"),
        token=token,
        problem=problem,
        api_address=url_for("rest_api_docs.page"),
        example_address=url_for("rest_api_contacts.list_contacts", _external=True),
    )
