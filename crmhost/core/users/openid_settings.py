"""Settings of the page Settings > Users > Sign-in: who needs a second step, and the OpenID provider."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from ... import net
from ...contributions import Setting
from ...errors import Invalid
from ...messages import Message
from ...work.unit import Work
from ..text import clean_line
from . import second
from .models import Identity, Role, User
from .roles import all_roles

PERMISSION = "users.sign_in"
ISSUER, CLIENT, SECRET = "users.openid_issuer", "users.openid_client_id", "users.openid_client_secret"
LABEL, NEW_USERS, ROLE = "users.openid_label", "users.openid_new_users", "users.openid_role"
DOMAINS, PASSWORDS = "users.openid_domains", "users.password_sign_in"
AFTER_OPENID = "users.openid_second_factor"
LONGEST_ISSUER = 255


@dataclasses.dataclass(frozen=True)
class Provider:
    """The OpenID provider as it is set.

    :param domains: whose addresses may come in, in lower case; empty: all.
    :param role: name of the role that new users get; empty when nobody new is let in.
    """

    issuer: str
    client_id: str
    client_secret: str = dataclasses.field(repr=False)
    label: str
    role: str
    domains: Sequence[str]


def provider(work: Work) -> Provider | None:
    """The provider; ``None`` while none is set."""
    get = work.settings.get
    if not get(ISSUER) or not get(CLIENT):
        return None
    return Provider(
        str(get(ISSUER)),
        str(get(CLIENT)),
        str(get(SECRET) or ""),
        str(get(LABEL) or "OpenID"),
        str(get(ROLE)) if get(NEW_USERS) else "",
        tuple(str(name) for name in get(DOMAINS) or ()),
    )


def passwords_allowed(work: Work) -> bool:
    """Whether one may sign in with a password: always, unless an admin can come in through the provider that is set now."""
    return bool(work.settings.get(PASSWORDS)) or not _admin_came_in(work)


def code_after_openid(work: Work) -> bool:
    """Whether codes and their being required hold for those who come from the provider, too."""
    return bool(work.settings.get(AFTER_OPENID))


# --- checks ----------------------------------------------------------------------------------------------------------


def _check_issuer(work: Work, value: Any) -> str:
    """The issuer as the provider itself writes it, to the letter."""
    text = clean_line(str(value))
    if not text:
        return ""
    try:
        net.check_url(work, text)
    except net.RequestError as error:
        raise Invalid(error.message) from error
    if len(text) > LONGEST_ISSUER or "?" in text or "#" in text:
        raise Invalid("Give the issuer alone, such as https://id.example.com, without ? and #.")
    return text.removesuffix("/.well-known/openid-configuration")


def _check_domains(_work: Work, value: Any) -> list[str]:
    domains = [str(name).strip().lower().removeprefix("@") for name in value]
    for name in domains:
        if "." not in name or any(character in name for character in "@/ :"):
            raise Invalid(Message("“%(name)s” is no domain. Write it like example.com.", name=name))
    return list(dict.fromkeys(domains))


def _check_passwords(work: Work, value: Any) -> bool:
    """Passwords can be switched off once an admin has come in the other way."""
    if value or _admin_came_in(work):
        return bool(value)
    raise Invalid("First an admin has to sign in through the provider once, so that nobody is locked out.")


def _admin_came_in(work: Work) -> bool:
    found = provider(work)
    if found is None:
        return False
    admins = (
        select(Identity.id)
        .join(User, User.id == Identity.user_id)
        .join(Role, Role.id == User.role_id)
        .where(Identity.issuer == found.issuer, Role.locked.is_(True), User.disabled_at.is_(None))
    )
    return work.session.scalar(admins.limit(1)) is not None


def _roles(work: Work) -> list[tuple[str, str]]:
    return [(role.name, Message(role.name)) for role in all_roles(work) if not role.locked]


def renamed_role(work: Work, old: str, new: str) -> None:
    """Keeps the settings that name a role with it."""
    from ..settings.services import store

    required = [str(name) for name in work.settings.get(second.ROLES) or ()]
    values: dict[str, Any] = {}
    if old in required:
        values[second.ROLES] = [new if name == old else name for name in required]
    if work.settings.get(ROLE) == old:
        values[ROLE] = new
    if values:
        store(work, values)


SETTINGS = [
    Setting(
        key=second.ROLES,
        label="Roles that need a second step",
        kind="list",
        default=[],
        validate=second.check_roles,
        permission=PERMISSION,
        hidden=True,
        order=10,
    ),
    Setting(
        key=PASSWORDS,
        label="Sign-in with a password",
        kind="boolean",
        default=True,
        validate=_check_passwords,
        help="Off: only through the OpenID provider. “crmhost settings set users.password_sign_in true” is the way back.",
        permission=PERMISSION,
        hidden=True,
        order=20,
    ),
    Setting(
        key=ISSUER,
        label="Issuer",
        kind="url",
        default="",
        validate=_check_issuer,
        help="As the provider calls itself, such as https://id.example.com.",
        permission=PERMISSION,
        hidden=True,
        order=30,
    ),
    Setting(key=CLIENT, label="Client ID", default="", permission=PERMISSION, hidden=True, order=40),
    Setting(key=SECRET, label="Client secret", kind="secret", permission=PERMISSION, hidden=True, order=50),
    Setting(
        key=LABEL,
        label="Name on the button",
        default="",
        help="“Sign in with …”, such as Example ID.",
        permission=PERMISSION,
        hidden=True,
        order=60,
    ),
    Setting(
        key=DOMAINS,
        label="Only addresses of these domains",
        kind="list",
        default=[],
        validate=_check_domains,
        help="Such as example.com. Empty: every address that the provider has checked.",
        permission=PERMISSION,
        hidden=True,
        order=70,
    ),
    Setting(
        key=NEW_USERS,
        label="People who are no users yet become users",
        kind="boolean",
        default=False,
        help="Off: only those who were added here, found by their e-mail.",
        permission=PERMISSION,
        hidden=True,
        order=80,
    ),
    Setting(
        key=ROLE,
        label="Their role",
        kind="choice",
        default="Read only",
        choices=_roles,
        permission=PERMISSION,
        hidden=True,
        order=90,
    ),
    Setting(
        key=AFTER_OPENID,
        label="Ask for the code of the app after the provider, too",
        kind="boolean",
        default=False,
        help="Off: the provider is trusted to have asked for a second step itself.",
        permission=PERMISSION,
        hidden=True,
        order=100,
    ),
]
