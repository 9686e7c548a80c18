"""Settings > Mail: whether mails leave the site, accounts, returned mails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug import Response

from ...contributions import Setting
from ...errors import CrmError, Stale
from ...mail import dkim
from ...web.forms import Form, Section
from ...web.forms.versions import both_versions
from ...web.request import current_person, current_work, requires, writing
from ...web.toasts import toast
from ..keyset import valid_id
from ..settings import services as settings
from ..settings.forms import raw_values, settings_form
from . import accounts
from .forms import AccountForm
from .jobs import new_webhook_key
from .models import MailAccount
from .settings import ACCOUNT, BOUNCES, PARTS, WEBHOOK_KEY
from .trying import try_account


def _declared(keys: Sequence[str]) -> list[Setting]:
    known = current_work().generation.settings
    return [known[key] for key in keys]


def _settings_page(template: str, keys: Sequence[str], endpoint: str) -> ResponseReturnValue:
    """A page with some settings; what was refused stands at its field."""
    form = settings_form(current_work(), _declared(keys))
    type(form).sections = _sections(endpoint)
    if form.is_submitted():
        if form.validate() and _stored(form, keys):
            return redirect(url_for(endpoint), 303)
        return _shown(template, form), 422
    return _shown(template, form)


def _sections(endpoint: str) -> list[Section]:
    return [Section(name, _(title) if title else "", fields) for name, title, fields in PARTS[endpoint]]


def _stored(form: Form, keys: Sequence[str]) -> bool:
    try:
        with writing() as work:
            changed = settings.set_many(work, raw_values(form, _declared(keys)))
    except CrmError as error:
        form.take(error)
        return False
    toast(_("Saved.") if changed else _("Nothing was changed."), category="ok" if changed else "info")
    return True


def _shown(template: str, form: Form) -> str:
    work = current_work()
    return render_template(
        template,
        form=form,
        number=accounts.count(work),
        transport=accounts.transport(work),
        has_key=bool(work.settings.get(WEBHOOK_KEY)),
    )


def home() -> ResponseReturnValue:
    """Whether mails leave the site, and the account used while none was added."""
    if not current_work().can("settings.edit") and current_work().can("mail.log"):
        return redirect(url_for("mail.log"))
    current_work().require("settings.edit")
    return _settings_page("mail/home.html", ACCOUNT, "mail.home")


@requires("settings.edit")
def bounces() -> ResponseReturnValue:
    """Where returned mails come in."""
    return _settings_page("mail/bounces.html", BOUNCES, "mail.bounces")


@requires("mail.accounts")
def webhook_key() -> ResponseReturnValue:
    """Makes a new address for the webhook; it is shown this once."""
    with writing() as work:
        key = new_webhook_key(work)
    return render_template("mail/webhook.html", address=f"{current_work().base_url}/hooks/mail/{key}")


# --- accounts --------------------------------------------------------------------------------------------------------


@requires("mail.accounts")
def index() -> ResponseReturnValue:
    """The accounts that were added."""
    work = current_work()
    return render_template(
        "mail/accounts.html", accounts=accounts.all_accounts(work), transport=accounts.transport(work)
    )


@requires("mail.accounts")
def account(account_id: int | None = None) -> ResponseReturnValue:
    """One account, or a new one."""
    work = current_work()
    found = accounts.get(work, account_id) if account_id is not None else None
    form = AccountForm(data=_filled(found))
    form.password.kept = bool(found and found.password)
    form.dkim_key.kept = bool(found and found.dkim_key)
    if found is not None:
        form.remember(_filled(found))
    if form.validate_on_submit():
        try:
            with writing() as work:
                row = accounts.save(work, account_id, form.values(), version=valid_id(form.version.data))
                name, number = row.name, row.id
        except Stale:
            found = accounts.get(current_work(), account_id or 0)
            back = url_for("mail.account", account_id=found.id)
            return both_versions(form, _filled(found), name=found.name, back=back)
        except CrmError as error:
            form.take(error)
            found = accounts.get(current_work(), account_id) if account_id is not None else None
        else:
            toast(_("The account “%(name)s” was saved.", name=name))
            return redirect(url_for("mail.account", account_id=number), 303)
    page = render_template("mail/account.html", form=form, account=found, record=_record(found), answer=None)
    return page, 422 if form.is_submitted() else 200


def _filled(row: MailAccount | None) -> dict[str, Any]:
    if row is None:
        return {"port": 587, "security": "starttls"}
    names = [name for name in AccountForm(formdata=None).values() if name not in ("password", "dkim_key")]
    return {**{name: getattr(row, name) for name in names}, "version": str(row.version)}


def _record(row: MailAccount | None) -> tuple[str, str] | None:
    """Name and value of the DNS record that a signing account needs."""
    if row is None or not row.dkim_domain or not row.dkim_key:
        return None
    return f"{row.dkim_selector}._domainkey.{row.dkim_domain}", dkim.record(accounts.dkim_pem(current_work(), row))


@requires("mail.accounts")
def test_account(account_id: int) -> ResponseReturnValue:
    """Tries an account: signs in and, unless mails stay here, sends one to who asks. Shows what the server said."""
    work = current_work()
    found = accounts.get(work, account_id)
    person = current_person()
    to = request.form.get("to", "").strip() or (person.email if person else "")
    answer = try_account(work, accounts.chosen(work, account_id), to)
    with writing() as work:
        work.audit("mail.account_tested", "mail_account", account_id, after={"fine": answer.fine, "said": answer.said})
    form = AccountForm(formdata=None, data=_filled(found))
    form.note(_filled(found))
    form.password.kept, form.dkim_key.kept = bool(found.password), bool(found.dkim_key)
    return render_template("mail/account.html", form=form, account=found, record=_record(found), answer=answer)


@requires("settings.edit")
def test_default() -> ResponseReturnValue:
    """Tries the account that is used where nobody chooses another one."""
    work = current_work()
    person = current_person()
    answer = try_account(work, accounts.chosen(work), person.email if person else "")
    with writing() as work:
        work.audit("mail.account_tested", "mail_account", "", after={"fine": answer.fine, "said": answer.said})
    return render_template("mail/tested.html", answer=answer)


@requires("mail.accounts")
def delete_account(account_id: int) -> Response:
    """Deletes an account."""
    with writing() as work:
        name = accounts.remove(work, account_id)
    toast(_("The account “%(name)s” was deleted.", name=name))
    return redirect(url_for("mail.accounts"), 303)


def add_account_pages(blueprint: Blueprint) -> None:
    """Adds the pages to the blueprint."""
    add = blueprint.add_url_rule
    add("/settings/mail/", view_func=home, methods=["GET", "POST"])
    add("/settings/mail/test", view_func=test_default, methods=["POST"])
    add("/settings/mail/returned", view_func=bounces, methods=["GET", "POST"])
    add("/settings/mail/returned/key", view_func=webhook_key, methods=["POST"])
    add("/settings/mail/accounts/", endpoint="accounts", view_func=index)
    add("/settings/mail/accounts/new", endpoint="new_account", view_func=account, methods=["GET", "POST"])
    add("/settings/mail/accounts/<int:account_id>", view_func=account, methods=["GET", "POST"])
    add("/settings/mail/accounts/<int:account_id>/test", view_func=test_account, methods=["POST"])
    add("/settings/mail/accounts/<int:account_id>/delete", view_func=delete_account, methods=["POST"])
