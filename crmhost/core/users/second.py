"""The second step of signing in: codes of an authenticator app (TOTP, RFC 6238), and recovery codes that stand in for it."""

from __future__ import annotations

import base64
import datetime as dt
import hmac
import secrets
from collections.abc import Iterable

import pyotp
from sqlalchemy import delete, func, select, update

from ...errors import Conflict, Invalid
from ...work.unit import Work
from ..settings import services as settings
from . import browsers, limits
from .models import RecoveryCode, User
from .roles import check_handing_out, permissions_of
from .tickets import hashed

#: Seconds that a code lasts; one before and one after are taken too, because clocks differ.
STEP = 30
DRIFT = 1
CODES = 10
#: Wrong codes of one account: within a quarter of an hour, and within a day.
PER_QUARTER, PER_DAY = 5, 20
_DAY = dt.timedelta(days=1)
ROLES = "users.second_factor_roles"


def required_roles(work: Work) -> list[str]:
    """Names of the roles whose users must have an authenticator app."""
    return [str(name) for name in work.settings.get(ROLES) or ()]


# --- setting it up ---------------------------------------------------------------------------------------------------


def begin(work: Work, user: User) -> None:
    """Makes the secret that the app is to learn; nothing is asked for until :func:`confirm`.

    :raises Conflict: when there is one already.
    """
    if user.totp_at is not None:
        raise Conflict("The second step is on already. Switch it off first.")
    user.totp_secret = settings.seal(work, pyotp.random_base32(), _context(user))
    user.totp_step = 0
    work.session.flush()


def secret(work: Work, user: User) -> str:
    """The secret, in base32; empty without one."""
    return settings.unseal(work, user.totp_secret, _context(user)) if user.totp_secret else ""


def address(work: Work, user: User) -> str:
    """The secret as ``otpauth://…``, which apps read from a picture."""
    issuer = str(work.settings.get("site.name") or "crmhost").replace(":", " ")
    return pyotp.TOTP(secret(work, user), interval=STEP).provisioning_uri(name=user.email, issuer_name=issuer)


def confirm(work: Work, user: User, code: str) -> list[str]:
    """Switches the second step on for who shows a right code; gives the recovery codes, which can't be shown again.

    :raises Invalid: when the code is wrong.
    """
    if user.totp_at is not None or not user.totp_secret:
        raise Conflict("Begin anew: there is no secret that waits for a code.")
    if not _take_code(work, user, code):
        raise Invalid({"code": ["This code is wrong or over. Type the one that the app shows now."]})
    user.totp_at = work.now
    work.session.flush()
    work.audit("user.second_step_on", "user", user.id)
    return new_recovery_codes(work, user)


def new_recovery_codes(work: Work, user: User) -> list[str]:
    """Ten new recovery codes; those before no longer work."""
    codes = [_new_code() for _ in range(CODES)]
    work.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    work.session.add_all(RecoveryCode(user_id=user.id, code_hash=hashed(_plain(code))) for code in codes)
    work.session.flush()
    work.audit("user.recovery_codes_made", "user", user.id)
    return codes


def codes_left(work: Work, user_id: int) -> int:
    """How many recovery codes were not used."""
    mine = select(func.count()).where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    return work.session.scalar(mine) or 0


def switch_off(work: Work, user: User) -> None:
    """Ends the user's own second step, or the setting up of it; the page asks for the password before."""
    was_on = user.totp_at is not None
    _clear(work, user)
    if was_on:
        work.audit("user.second_step_off", "user", user.id)


def reset(work: Work, user: User) -> None:
    """Takes the second step from a user who lost the app, as an admin."""
    work.require("users.edit")
    check_handing_out(work, permissions_of(user))
    if user.totp_at is None:
        raise Conflict("This user has no second step.")
    _clear(work, user)
    work.audit("user.second_step_reset", "user", user.id)


def _clear(work: Work, user: User) -> None:
    user.totp_secret, user.totp_at, user.totp_step = "", None, 0
    work.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    browsers.distrust(work, user.id)
    work.session.flush()


# --- asking for it ---------------------------------------------------------------------------------------------------


def take_try(work: Work, user_id: int) -> tuple[list[int], bool]:
    """Counts a code, inside ``work.begin()``, as :func:`limits.take` does.

    :raises TooManyAttempts: when too many were wrong.
    """
    tries, last = limits.take(work, {f"code {user_id}": PER_QUARTER})
    more, last_of_day = limits.take(work, {f"code of a day {user_id}": PER_DAY}, _DAY)
    return tries + more, last or last_of_day


def fits(work: Work, user: User, code: str) -> str:
    """What the code was: ``app``, ``recovery``, or nothing when it is wrong. It is used up, inside ``work.begin()``."""
    if _take_code(work, user, code):
        return "app"
    mine = update(RecoveryCode).where(
        RecoveryCode.user_id == user.id, RecoveryCode.code_hash == hashed(_plain(code)), RecoveryCode.used_at.is_(None)
    )
    if work.session.execute(mine.values(used_at=work.now).returning(RecoveryCode.id)).first() is not None:
        return "recovery"
    return ""


def _take_code(work: Work, user: User, code: str) -> bool:
    digits = "".join(code.split())
    if len(digits) != 6 or not digits.isascii() or not digits.isdigit():
        return False
    totp = pyotp.TOTP(secret(work, user), interval=STEP)
    now = int(work.now.timestamp()) // STEP
    for step in range(now - DRIFT, now + DRIFT + 1):
        if hmac.compare_digest(totp.generate_otp(step), digits):
            # Only one of two who bring the same code at the same moment moves the step on.
            mine = update(User).where(User.id == user.id, User.totp_step < step).values(totp_step=step)
            taken = work.session.execute(mine.returning(User.id)).first() is not None
            work.session.refresh(user)
            return taken
    return False


def _new_code() -> str:
    letters = base64.b32encode(secrets.token_bytes(10)).decode().lower()
    return "-".join(letters[start : start + 4] for start in range(0, 16, 4))


def _plain(code: str) -> str:
    return "".join(character for character in code.lower() if character.isalnum())


def _context(user: User) -> str:
    return f"users_user.{user.id}.totp_secret"


def check_roles(work: Work, value: Iterable[str]) -> list[str]:
    """Names of roles, for the setting.

    :raises Invalid: when one is unknown.
    """
    from .roles import find_role

    return [find_role(work, str(name)).name for name in value]
