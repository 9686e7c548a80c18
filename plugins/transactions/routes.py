"""Pages of the transactions."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from crmhost.api import CrmError, NotFound, Stale, keyset
from crmhost.web.api import (
    abort,
    both_versions,
    current_work,
    gettext,
    list_page,
    record_page,
    redirect,
    render_template,
    request,
    requires,
    toast,
    url_for,
    writing,
)

from . import cells, kinds, mass, services
from .forms import OWNERS, TransactionForm, filled, fresh, named
from .lists import bin_table, transaction_table
from .models import KIND, Transaction

blueprint = Blueprint("transactions", __name__)


@blueprint.route("/", methods=["GET", "POST"])
@requires("transactions.view")
def index() -> Any:
    """All transactions."""
    work = current_work()
    return list_page("transactions/index.html", transaction_table(work), work)


@blueprint.route("/bin", methods=["GET", "POST"], endpoint="bin")
@requires("transactions.view")
def bin_list() -> Any:
    """Deleted transactions."""
    work = current_work()
    return list_page("transactions/bin.html", bin_table(work), work)


@blueprint.get("/<int:transaction_id>")
@requires("transactions.view")
def page(transaction_id: int) -> Any:
    """One transaction."""
    work = current_work()
    one = services.get(work, transaction_id)
    row = cells.rows(work, [one], tagged=False, named=False)[0]
    return record_page(
        "transactions/page.html",
        KIND,
        one,
        row=row,
        one=one,
        lines=services.lines_of(work, one),
        statuses=kinds.statuses(work),
        may_edit=work.can("transactions.edit"),
    )


@blueprint.route("/new", methods=["GET", "POST"])
@requires("transactions.edit")
def new() -> Any:
    """Add a transaction."""
    work = current_work()
    form = TransactionForm(data=fresh(work, {name: keyset.valid_id(request.args.get(f"{name}_id")) for name in OWNERS}))
    form.offer(work, None)
    if form.validate_on_submit():
        try:
            with writing() as work:
                number = services.create(work, form.values(work)).id
        except CrmError as error:
            _take(form, error)
        else:
            toast(gettext("The transaction was added."))
            return redirect(url_for("transactions.page", transaction_id=number), 303)
    return render_template("transactions/form.html", form=form, one=None), 422 if form.is_submitted() else 200


@blueprint.route("/<int:transaction_id>/edit", methods=["GET", "POST"])
@requires("transactions.edit")
def edit(transaction_id: int) -> Any:
    """Change a transaction."""
    work = current_work()
    one = services.get(work, transaction_id)
    address = url_for("transactions.page", transaction_id=transaction_id)
    stored = filled(work, one)
    form = TransactionForm(data=stored)
    form.remember(stored)
    form.offer(work, one)
    if form.validate_on_submit():
        try:
            _save(form, transaction_id)
        except Stale:
            stored = filled(current_work(), services.get(current_work(), transaction_id))
            return both_versions(form, stored, name=named(), back=address)
        except CrmError as error:
            _take(form, error)
        else:
            toast(gettext("Saved."))
            return redirect(address, 303)
    return render_template("transactions/form.html", form=form, one=one), 422 if form.is_submitted() else 200


def _save(form: TransactionForm, transaction_id: int) -> None:
    with writing() as work:
        services.update(work, transaction_id, form.values(work), version=keyset.valid_id(form.version.data))


def _take(form: TransactionForm, error: CrmError) -> None:
    """Puts sentences to the fields, which the form calls otherwise in some cases."""
    errors = getattr(error, "errors", None)
    for name, shown in (("date", "at"), *((f"{name}_id", name) for name in OWNERS)):
        if errors and name in errors:
            errors[shown] = [*errors.get(shown, []), *errors.pop(name)]
    form.take(error)


@blueprint.post("/<int:transaction_id>/status")
@requires("transactions.edit")
def status(transaction_id: int) -> Any:
    """Give it another status."""
    with writing() as work:
        services.get(work, transaction_id)
        mass.set_status(work, [transaction_id], request.form.get("status", "")[:80])
    return redirect(url_for("transactions.page", transaction_id=transaction_id), 303)


@blueprint.post("/<int:transaction_id>/delete")
@requires("transactions.delete")
def delete(transaction_id: int) -> Any:
    """Move it to the bin."""
    with writing() as work:
        one: Transaction = services.get(work, transaction_id)
        mass.to_bin(work, [transaction_id])
    undo = url_for("transactions.restore", transaction_id=one.id)
    toast(gettext("“%(ref)s” went to the bin.", ref=one.ref), undo_url=undo)
    return redirect(url_for("transactions.index"), 303)


@blueprint.post("/<int:transaction_id>/restore")
@requires("transactions.delete")
def restore(transaction_id: int) -> Any:
    """Bring it back from the bin."""
    with writing() as work:
        number = mass.restore(work, [transaction_id])
    if not number:
        raise NotFound("transaction", transaction_id)
    return redirect(url_for("transactions.page", transaction_id=transaction_id), 303)


# --- types, below the settings ---------------------------------------------------------------------------------------


@blueprint.post("/types")
@requires("settings.edit")
def types() -> Any:
    """Add, change or delete a type, or take a ready set of statuses."""
    from .settings import choose_set

    do, number = request.form.get("do", ""), keyset.valid_id(request.form.get("id", "")) or 0
    name, sign = request.form.get("name", "")[:200], request.form.get("sign", "")
    wanted = {"1": 1, "-1": -1, "0": 0}.get(sign, 9)
    try:
        with writing() as work:
            if do == "add":
                kinds.add_type(work, name, wanted)
            elif do == "change":
                kinds.change_type(work, number, name, wanted)
            elif do == "delete":
                kinds.delete_type(work, number, request.form.get("heir") or None)
            elif do == "set":
                choose_set(work, request.form.get("set", ""))
            else:
                abort(400)
    except CrmError as error:
        toast(gettext(error.message), category="bad")
    else:
        toast(gettext("Saved."))
    return redirect(url_for("settings.plugin_page", page="transactions"), 303)
