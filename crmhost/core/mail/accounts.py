"""Accounts to send from: those that the site added, and the one that its settings describe while there are none."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from email.utils import parseaddr
from typing import Any

from sqlalchemy import delete, func, select, update

from ...errors import Invalid, NotFound, Stale
from ...mail.dkim import Signer, make_key
from ...messages import Message
from ...work.unit import Work
from ..contacts.emails import check_email
from ..keyset import valid_id
from ..settings.secrets import Cipher
from ..settings.services import SettingsView
from ..text import clean_line, clean_text, fold
from .models import MailAccount, MailPace

MOST = 50
SECURITY = ("none", "starttls", "tls")
UNITS = ("minute", "hour", "day")
#: Fields of an account as forms and the API give them, with the longest text that each takes.
_LINES = {
    "name": 80,
    "from_name": 120,
    "host": 253,
    "user": 254,
    "dkim_domain": 253,
    "dkim_selector": 63,
}


@dataclasses.dataclass(frozen=True)
class Account:
    """An account as it is sent from.

    :param id: ``None`` for the one of the settings.
    :param security: none, starttls or tls; with the two latter the server's certificate is checked.
    :param limits: minute, hour, day -> most mails in that time.
    """

    id: int | None
    name: str
    from_email: str
    from_name: str = ""
    reply_to: str = ""
    host: str = ""
    port: int = 587
    security: str = "starttls"
    user: str = ""
    password: str = dataclasses.field(default="", repr=False)
    signature: str = ""
    limits: Mapping[str, int] = dataclasses.field(default_factory=dict)
    signer: Signer | None = dataclasses.field(default=None, repr=False)

    @property
    def sender(self) -> str:
        """The sender as people read it."""
        return f"{self.from_name} <{self.from_email}>" if self.from_name else self.from_email


def transport(work: Work) -> str:
    """``log``: nothing leaves the site; ``smtp``: mails are sent."""
    return str(work.settings.get("mail.transport"))


def all_accounts(work: Work) -> list[MailAccount]:
    """The accounts that were added, the default one first."""
    return list(work.session.scalars(select(MailAccount).order_by(MailAccount.is_default.desc(), MailAccount.name_key)))


def get(work: Work, account_id: int) -> MailAccount:
    """:raises NotFound: when there is none."""
    found = work.session.get(MailAccount, valid_id(account_id) or 0)
    if found is None:
        raise NotFound("mail account", account_id)
    return found


def chosen(work: Work, account_id: int | None = None) -> Account:
    """The account with this id, else the default one, else the one that the settings describe."""
    if account_id is not None:
        return _as_account(work, get(work, account_id))
    row = work.session.scalar(
        select(MailAccount).order_by(MailAccount.is_default.desc(), MailAccount.name_key).limit(1)
    )
    return _as_account(work, row) if row is not None else _of_settings(work)


def choices(work: Work) -> list[tuple[str, str]]:
    """Accounts to choose from: id as text (empty for the one of the settings) and sender."""
    rows = all_accounts(work)
    if not rows:
        return [("", _of_settings(work).sender)]
    return [(str(row.id), f"{row.name}: {_named(row.from_name, row.from_email)}") for row in rows]


def _named(name: str, email: str) -> str:
    return f"{name} <{email}>" if name else email


def _of_settings(work: Work) -> Account:
    get = work.settings.get
    name, email = parseaddr(str(get("mail.from") or ""))
    limits = {unit: int(get(f"mail.per_{unit}")) for unit in UNITS if get(f"mail.per_{unit}")}
    return Account(
        None,
        "",
        email,
        name or str(get("site.name") or ""),
        str(get("mail.reply_to") or ""),
        str(get("mail.smtp_host") or ""),
        int(get("mail.smtp_port") or 587),
        str(get("mail.smtp_security")),
        str(get("mail.smtp_user") or ""),
        str(get("mail.smtp_password") or ""),
        str(get("mail.signature") or ""),
        limits,
    )


def _as_account(work: Work, row: MailAccount) -> Account:
    cipher = _cipher(work)
    password = cipher.decrypt(row.password, row.password_key, _context(row, "password")) if row.password else ""
    signer = None
    if row.dkim_domain and row.dkim_selector and row.dkim_key:
        signer = Signer(row.dkim_domain, row.dkim_selector, dkim_pem(work, row))
    limits = {unit: value for unit in UNITS if (value := getattr(row, f"per_{unit}"))}
    return Account(
        row.id,
        row.name,
        row.from_email,
        row.from_name,
        row.reply_to,
        row.host,
        row.port,
        row.security,
        row.user,
        password,
        row.signature,
        limits,
        signer,
    )


def dkim_pem(work: Work, row: MailAccount) -> str:
    """The private key with which an account signs; empty without one. For the host: pages show what belongs into DNS only."""
    sealed = row.dkim_key
    return _cipher(work).decrypt(sealed, row.dkim_key_key, _context(row, "dkim_key")) if sealed else ""


# --- changing --------------------------------------------------------------------------------------------------------


def save(work: Work, account_id: int | None, fields: Mapping[str, Any], *, version: int | None = None) -> MailAccount:
    """Adds an account (``account_id`` is ``None``) or changes one; the first one is the default.

    ``password`` and ``dkim_key`` (PEM) are stored encrypted; empty keeps what is stored. With a ``dkim_domain`` and without
    a key one is made.

    :param fields: name, from_email, from_name, reply_to, host, port, security, user, password, signature, per_minute,
        per_hour, per_day, dkim_domain, dkim_selector, dkim_key, is_default.
    :param version: the version that the caller saw; ``None`` writes whatever came between.
    :raises Invalid: sentences by field.
    :raises Stale: when somebody saved the account since that version.
    """
    work.require("mail.accounts")
    locked = select(MailAccount).with_for_update().execution_options(populate_existing=True)
    known = list(work.session.scalars(locked))
    row = next((item for item in known if item.id == account_id), None)
    if account_id is not None and row is None:
        raise NotFound("mail account", account_id)
    if row is not None and version is not None and row.version != version:
        raise Stale("Somebody saved this account meanwhile: look at their changes before you save yours.")
    if row is None and len(known) >= MOST:
        raise Invalid(Message("There can be at most %(most)s accounts.", most=MOST))
    values = _checked(fields, [item for item in known if item is not row])
    before = {} if row is None else _shown(row)
    secrets = {name: values.pop(name) for name in ("password", "dkim_key")}
    if row is None:
        row = MailAccount(**values, is_default=not known, created_at=work.now)
        work.session.add(row)
        work.session.flush()
    for name, value in values.items():
        setattr(row, name, value)
    if values["dkim_domain"] and not secrets["dkim_key"] and not row.dkim_key:
        secrets["dkim_key"] = make_key()
    cipher = _cipher(work)
    for name, secret in secrets.items():
        if secret:
            sealed, key_id = cipher.encrypt(secret, _context(row, name))
            setattr(row, name, sealed)
            setattr(row, f"{name}_key", key_id)
    if not values["user"]:
        row.password, row.password_key = None, ""
    work.session.flush()
    if fields.get("is_default") and not row.is_default:
        _make_default(work, row)
    after = _shown(row) | {f"new {name}": True for name, secret in secrets.items() if secret}
    changed = {name for name in after if before.get(name) != after[name]}
    if changed:
        row.version += bool(before)
        work.session.flush()
        old = {name: before[name] for name in changed if name in before} or None
        action = "mail.account_changed" if before else "mail.account_added"
        work.audit(action, "mail_account", row.id, before=old, after={name: after[name] for name in sorted(changed)})
    return row


def remove(work: Work, account_id: int) -> str:
    """Deletes an account; its mails stay in the log, and what still waits goes out by the default one. Gives its name."""
    work.require("mail.accounts")
    row = get(work, account_id)
    name, was_default = row.name, row.is_default
    work.session.delete(row)
    work.session.flush()
    work.session.execute(delete(MailPace).where(MailPace.account == account_id))
    other = work.session.scalar(select(MailAccount).order_by(MailAccount.name_key).limit(1))
    if was_default and other is not None:
        _make_default(work, other)
    work.audit("mail.account_deleted", "mail_account", account_id, before={"name": name})
    return name


def _make_default(work: Work, row: MailAccount) -> None:
    work.session.execute(update(MailAccount).values(is_default=False))
    work.session.execute(update(MailAccount).where(MailAccount.id == row.id).values(is_default=True))
    work.session.refresh(row)


# --- checks ----------------------------------------------------------------------------------------------------------


def check_sender(_work: Work, value: Any) -> str:
    """The setting ``mail.from``: an address, or a name with the address in angle brackets."""
    text = clean_line(str(value))
    if not text:
        return ""
    name, email = parseaddr(text)
    try:
        email = check_email(email or text)
    except ValueError as error:
        raise Invalid(
            Message("%(reason)s Give an address, or a name with it: Atelier <hello@example.com>.", reason=error)
        ) from error
    return f"{name} <{email}>" if name else email


def check_port(_work: Work, value: Any) -> int:
    """A port of TCP."""
    if not 1 <= int(value) <= 65535:
        raise Invalid("A port is a number from 1 to 65535: usually 587 with STARTTLS, 465 with TLS.")
    return int(value)


def check_limit(_work: Work, value: Any) -> int | None:
    """A number of mails; none or 0 is no limit."""
    if not 0 <= int(value) <= 10_000_000:
        raise Invalid("Give a number of mails, or leave it empty for no limit.")
    return int(value) or None


def check_host(_work: Work, value: Any) -> str:
    """Name or number of a server."""
    text = clean_line(str(value))
    if any(character in text for character in " /@\\") or "://" in text:
        raise Invalid("Give the server's name alone, such as smtp.example.com.")
    return text


def _checked(fields: Mapping[str, Any], others: list[MailAccount]) -> dict[str, Any]:
    errors: dict[str, list[str]] = {}
    values: dict[str, Any] = {name: clean_line(str(fields.get(name) or "")) for name in _LINES}
    for name, longest in _LINES.items():
        if len(values[name]) > longest:
            errors[name] = [Message("This is too long: at most %(longest)s characters.", longest=longest)]
    if not values["name"]:
        errors["name"] = ["Give the account a name, such as “Newsletter”."]
    values["name_key"] = fold(values["name"])[:80]
    if any(other.name_key == values["name_key"] for other in others):
        errors["name"] = [Message("There is an account “%(name)s” already.", name=values["name"])]
    for name in ("from_email", "reply_to"):
        text = clean_line(str(fields.get(name) or ""))
        try:
            values[name] = check_email(text) if text or name == "from_email" else ""
        except ValueError as error:
            errors[name] = [str(error)]
    if not values["host"]:
        errors["host"] = ["Give the server that takes the mails, such as smtp.example.com."]
    checks = {
        "host": check_host,
        "port": check_port,
        **dict.fromkeys(("per_minute", "per_hour", "per_day"), check_limit),
    }
    for name, check in checks.items():
        value = values["host"] if name == "host" else fields.get(name)
        try:
            if name == "port" and value in (None, ""):
                raise Invalid("Give the port: usually 587 with STARTTLS, 465 with TLS.")
            values[name] = check(None, value) if value not in (None, "") else value or None  # type: ignore[arg-type]
        except (Invalid, ValueError, TypeError) as error:
            errors.setdefault(name, [str(error) if isinstance(error, Invalid) else "This must be a whole number."])
    values["security"] = str(fields.get("security") or "starttls")
    if values["security"] not in SECURITY:
        errors["security"] = ["Choose none, STARTTLS or TLS."]
    values["signature"] = clean_text(str(fields.get("signature") or ""))
    if len(values["signature"]) > 5_000:
        errors["signature"] = ["This is too long: at most 5,000 characters."]
    values["password"] = str(fields.get("password") or "")
    if values["password"] and not values["user"]:
        errors["user"] = ["Give the user to whom the password belongs."]
    _check_dkim(values, clean_text(str(fields.get("dkim_key") or "")), errors)
    if errors:
        raise Invalid(errors)
    return values


def _check_dkim(values: dict[str, Any], pem: str, errors: dict[str, list[str]]) -> None:
    values["dkim_key"] = pem
    values["dkim_domain"] = values["dkim_domain"].lower()
    if values["dkim_domain"] and not values["dkim_selector"]:
        values["dkim_selector"] = "crmhost"
    if pem and not values["dkim_domain"]:
        errors["dkim_domain"] = ["Give the domain that the key signs for."]
    if values["dkim_domain"] and "dkim_domain" not in errors:
        try:
            Signer(values["dkim_domain"], values["dkim_selector"], pem or make_key("ed25519"))
        except Invalid as error:
            name = "dkim_key" if pem and "key" in error.message.lower() else "dkim_domain"
            errors[name] = [error.message]


def _shown(row: MailAccount) -> dict[str, Any]:
    """The account without its secrets, for the audit log."""
    hidden = ("id", "name_key", "password", "password_key", "dkim_key", "dkim_key_key", "created_at", "version")
    names = [column.key for column in MailAccount.__table__.columns if column.key not in hidden]
    return {name: getattr(row, name) for name in names}


def count(work: Work) -> int:
    """How many accounts were added."""
    return work.session.scalar(select(func.count()).select_from(MailAccount)) or 0


def _cipher(work: Work) -> Cipher:
    if not isinstance(work.settings, SettingsView):
        raise TypeError("Accounts are read through the site's own unit of work.")
    return work.settings.cipher


def _context(row: MailAccount, name: str) -> str:
    return f"mail_account.{row.id}.{name}"
