"""The sign-in gate and the CSRF check, and what happens to a form whose sign-in was lost: nothing typed is lost with it."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlencode

from flask import Flask, Response, abort, current_app, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError, CSRFProtect
from itsdangerous import BadData, URLSafeSerializer

from .errors import error_answer
from .request import Person, current_person, current_work, is_fragment, local_path
from .state import API_PREFIX, HOOKS_PREFIX

P = ParamSpec("P")
R = TypeVar("R")

#: Name of the field that carries a kept form through the sign-in page.
KEPT_FIELD = "kept_form"
_SECRETS = ("password", "secret", "token")
#: Names each field of a form that is a secret, whatever it is called: ``SecretField`` has it sent.
_SAID_SECRET = "_secret"  # noqa: S105  # the name of a field
#: Fields by which a form of a record knows what its reader saw.
_SEEN = ("version", "seen")
_SAFE = ("GET", "HEAD", "OPTIONS")
_FIELDS = "application/x-www-form-urlencoded"


@dataclasses.dataclass(frozen=True)
class KeptForm:
    """A form that was sent and could not be taken yet.

    :param fields: (name, value) in the order sent; passwords, other secrets and files are not kept.
    :param lost: names of the fields that were left out.
    """

    url: str
    fields: tuple[tuple[str, str], ...]
    lost: tuple[str, ...] = ()

    def pack(self) -> str:
        """As a signed text for a hidden field."""
        return _serializer().dumps([self.url, list(self.fields), list(self.lost)])

    @classmethod
    def unpack(cls, text: str) -> KeptForm | None:
        """Back from that text; ``None`` when it is not one of ours."""
        try:
            url, fields, lost = _serializer().loads(text)
        except BadData:
            return None
        return cls(url, tuple((str(name), str(value)) for name, value in fields), tuple(lost))

    @property
    def shown(self) -> list[tuple[str, str]]:
        """The fields worth showing to the person."""
        return [
            (name, value)
            for name, value in self.fields
            if value and not name.startswith("_") and name not in _SEEN and not value.isdigit()
        ]


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.secret_key), salt="crmhost-kept-form")


def keep_form() -> KeptForm | None:
    """The form of this request, to be sent again later; ``None`` when it may come from another site."""
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if site not in (None, "same-origin", "none") or (
        site is None and origin not in (None, request.host_url.rstrip("/"))
    ):
        return None
    fields: list[tuple[str, str]] = []
    lost: list[str] = [name for name, file in request.files.items(multi=True) if file.filename]
    secret = request.form.getlist(_SAID_SECRET)
    for name, value in request.form.items(multi=True):
        if name in ("csrf_token", KEPT_FIELD, _SAID_SECRET):
            continue
        if name in secret or any(word in name for word in _SECRETS):
            if value:
                lost.append(name)
        else:
            fields.append((name, value))
    return KeptForm(request.full_path.rstrip("?"), tuple(fields), tuple(lost))


def sign_in_address(back: str | None = None) -> str:
    """Address of the sign-in page that leads back to a page."""
    values = {"next": back} if back and back != "/" else {}
    return url_for("users.sign_in") + (f"?{urlencode(values)}" if values else "")


def ask_to_sign_in() -> Response:
    """The answer to somebody who is not signed in: the sign-in page, which leads back to where they wanted to go."""
    if is_fragment():
        seen = request.headers.get("HX-Current-URL", "")
        back = local_path(seen.removeprefix(request.host_url.rstrip("/")))
        answer = make_response("", 401)
        answer.headers["Crmhost-Login"] = sign_in_address(back)
        return answer
    if request.method in _SAFE:
        return make_response(redirect(sign_in_address(request.full_path.rstrip("?"))))
    from ..core.users.routes import sign_in_page

    return make_response(sign_in_page(kept=keep_form()), 401)


def _must_set_up(person: Person) -> bool:
    """Whether the person's role needs a second step that they have not set up."""
    from ..core.users import openid

    return openid.must_set_up(current_work(), person.id, person.token)


def _lead_to(address: str) -> Response:
    if is_fragment():
        answer = make_response("", 204)
        answer.headers["HX-Redirect"] = address
        return answer
    return make_response(redirect(address, 303))


def first_things(view: Callable[P, R]) -> Callable[P, R]:
    """Marks a view that is open to those who still have to set their second step up."""
    view.crmhost_first_things = True  # type: ignore[attr-defined]
    return view


def asks_again(view: Callable[P, R]) -> Callable[P, R | ResponseReturnValue]:
    """Narrows a view to those who proved who they are a short while ago; others are asked for their password first."""

    @functools.wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R | ResponseReturnValue:
        from ..core.users.routes import confirm_page
        from ..core.users.sessions import is_fresh

        person = current_person()
        if person is not None and is_fresh(current_work(), person.token, to_send=request.method not in _SAFE):
            return view(*args, **kwargs)
        if is_fragment():
            return error_answer(403, _("Reload the page: for this you are asked for your password once more."))
        if request.method in _SAFE:
            return redirect(url_for("users.confirm", next=request.full_path.rstrip("?")))
        return confirm_page(kept=keep_form()), 403

    return guarded


def show_kept(kept: KeptForm, reason: str) -> str:
    """The page that offers to send a kept form again, with a fresh token."""
    return render_template("crmhost/kept.html", kept=kept, reason=reason)


def _csrf_failed(_error: CSRFError) -> Response:
    if is_fragment():
        return error_answer(400, _("The page was open for too long, so nothing was saved. Reload it and try again."))
    kept = keep_form()
    if kept is None or (current_person() is None and request.endpoint != "users.sign_in"):
        return make_response(
            render_template(
                "crmhost/error.html",
                code=400,
                title=_("This form came from somewhere else"),
                text=_("Open the page here and fill in the form again. Nothing was changed."),
            ),
            400,
        )
    if request.endpoint == "users.sign_in":
        from ..core.users.routes import sign_in_page

        return make_response(sign_in_page(error=_("The page was open for too long. Please sign in once more.")), 400)
    return make_response(show_kept(kept, _("The page was open for too long, so nothing was saved yet.")), 400)


def init_app(app: Flask) -> None:
    """Puts the gate and the CSRF check before every view."""
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    app.config["WTF_CSRF_TIME_LIMIT"] = None
    app.config["WTF_CSRF_SSL_STRICT"] = False
    csrf = CSRFProtect(app)
    app.register_error_handler(CSRFError, _csrf_failed)

    @app.before_request
    def gate() -> Response | None:
        view: Any = app.view_functions.get(request.endpoint or "")
        if view is None or request.path.startswith((API_PREFIX, HOOKS_PREFIX)):
            return None
        # Werkzeug limits the fields of multipart forms only.
        if request.mimetype == _FIELDS and (request.content_length or 0) > app.config["MAX_FORM_MEMORY_SIZE"]:
            abort(413)
        if not getattr(view, "crmhost_public", False):
            person = current_person()
            if person is None:
                return ask_to_sign_in()
            if not person.has_second_step and not getattr(view, "crmhost_first_things", False) and _must_set_up(person):
                return _lead_to(url_for("users.second_step"))
        if not getattr(view, "crmhost_foreign_posts", False):
            csrf.protect(apply_exemptions=True)
        return None
