"""``settings``, ``user``, ``token`` and ``demo``."""

from __future__ import annotations

import secrets

import click

from .. import demo as demo_data
from ..core.settings import services as settings_services
from ..core.users import links, openid_settings, second
from ..core.users import services as users
from ..core.users.models import User
from ..errors import CrmError, NotFound
from ..work.unit import Work
from . import common


@click.group()
def settings() -> None:
    """Read and change settings."""


@settings.command("get")
@click.argument("key")
def get_setting(key: str) -> None:
    """Print a setting."""
    with common.ready_site().work() as work:
        declared = work.generation.settings.get(key)
        if declared is None:
            raise CrmError(f"There is no setting “{key}”.")
        value = settings_services.get(work, key)
    if declared.kind == "secret":
        value = "(set)" if value else ""
    click.echo(",".join(map(str, value)) if isinstance(value, list) else "" if value is None else value)


@settings.command("set")
@click.argument("key")
@click.argument("value")
def set_setting(key: str, value: str) -> None:
    """Change a setting; a list is given as comma-separated text."""
    with common.ready_site().work() as work, work.begin():
        settings_services.set_many(work, {key: value})


@click.group()
def user() -> None:
    """Who may sign in."""


@user.command("add")
@click.argument("email")
@click.option("--role", required=True)
@click.option("--password", default="", help="Made and printed when left out.")
def add_user(email: str, role: str, password: str) -> None:
    """Add a user."""
    chosen = password or secrets.token_urlsafe(12)
    with common.ready_site().work() as work, work.begin():
        users.create(work, email, role, password=chosen)
    click.echo(f"{email} is added as {role}.")
    if not password:
        click.echo(f"Password {chosen}")


@user.command("list")
@common.json_option
def list_users(as_json: bool) -> None:
    """All users."""
    with common.ready_site().work() as work:
        rows = [
            {
                "id": item.id,
                "email": item.email,
                "name": item.name,
                "role": role.name,
                "disabled": item.disabled_at is not None,
            }
            for item, role in users.all_users(work)
        ]
    if as_json:
        common.print_json(rows)
        return
    for row in rows:
        click.echo(f"{row['id']:<5} {row['email']:<40} {row['role']}{' (disabled)' if row['disabled'] else ''}")


def _user(work: Work, email: str) -> User:
    found = users.find_by_email(work, email)
    if found is None:
        raise NotFound("user", email)
    return found


@user.command("reset-link")
@click.argument("email")
def reset_link(email: str) -> None:
    """Print a link with which a user chooses a new password; it works once, within an hour."""
    with common.ready_site().work() as work:
        found = _user(work, email)
        if found.disabled_at is not None:
            raise CrmError(f"{email} is disabled; enable the user first.")
        with work.begin():
            made = links.reset_link(work, found.id)
        allowed = openid_settings.passwords_allowed(work)
        base = work.base_url or "http://127.0.0.1:8000"
    click.echo(f"{base}/reset/{made}")
    if not allowed:
        click.echo("Passwords are switched off: crmhost settings set users.password_sign_in true", err=True)


@user.command("reset-second-step")
@click.argument("email")
def reset_second_step(email: str) -> None:
    """Take the second step from a user who lost the authenticator app."""
    with common.ready_site().work() as work:
        found = _user(work, email)
        with work.begin():
            second.reset(work, users.get(work, found.id))
    click.echo(f"{email} signs in with the password alone until they set the second step up anew.")


@click.group()
def token() -> None:
    """Tokens for the API."""


@token.command("create")
@click.option("--user", "email", required=True, help="Whose permissions it has.")
@click.option("--label", default="command line")
def create_token(email: str, label: str) -> None:
    """Make a token and print it, and nothing else; it can't be shown again."""
    with common.ready_site().work() as work:
        found = _user(work, email)
        with work.begin():
            made = users.make_token(work, found, label)
    click.echo(made)


@click.group()
def demo() -> None:
    """Demo data."""


@demo.command("load")
@click.option("--contacts", type=click.IntRange(0, 5_000_000), default=400, show_default=True)
@click.option("--transactions", type=click.IntRange(0, 5_000_000), default=0, help="Needs the transactions plugin.")
@click.option("--seed", type=int, default=1, show_default=True)
def load_demo(contacts: int, transactions: int, seed: int) -> None:
    """Add demo data: the same for the same numbers and seed."""
    site = common.ready_site()
    demo_data.load(site, contacts=contacts, seed=seed, transactions=transactions)
    click.echo(f"{contacts} demo contacts are added.")
    if transactions:
        click.echo(f"{transactions} demo transactions are added.")


COMMANDS = (settings, user, token, demo)
