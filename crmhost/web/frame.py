"""Pages of the frame itself: the palette's answers, and what each reader arranges for themselves."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ..core.lists import views
from ..core.users.services import preference, set_preference
from ..errors import Invalid, NotFound
from .forms import Form
from .palette import find
from .request import current_work, is_fragment, local_path, writing
from .toasts import toast

blueprint = Blueprint("frame", __name__)

_KEY = re.compile(r"[a-z][a-z0-9_.-]{0,60}\Z")
_NAME = re.compile(r"[A-Za-z0-9_.:-]{1,80}\Z")
#: Most things that can be put in order.
_MOST = 200


@blueprint.get("/search")
def search() -> str:
    """What the palette (Ctrl+K) finds; a page of its own without JavaScript."""
    text = request.args.get("q", "").replace("\0", "").strip()[:200]
    template = "crmhost/palette_hits.html" if is_fragment() else "crmhost/search.html"
    return render_template(template, q=text, groups=find(text))


def _checked(key: str) -> str:
    if not _KEY.match(key):
        abort(404)
    return key


def sent_names(field: str) -> list[str]:
    """The ids that a form sent in a field, each once; what can't be one is left out."""
    return list(dict.fromkeys(name for name in request.form.getlist(field)[:_MOST] if _NAME.match(name)))


def _back() -> ResponseReturnValue:
    return redirect(local_path(request.form.get("back")) or "/", 303)


@blueprint.post("/arrange/<key>")
def keep_order(key: str) -> ResponseReturnValue:
    """Remembers the order in which the reader put the parts of a page, such as sections of a form; or forgets it."""
    order = None if request.form.get("do") == "default" else sent_names("order")
    with writing() as work:
        set_preference(work, f"order.{_checked(key)}", order)
    return ("", 204) if order is not None else _back()


@blueprint.post("/arrange/columns/<table>")
def keep_columns(table: str) -> ResponseReturnValue:
    """Remembers which columns of a list the reader wants, and in what order."""
    key = f"columns.{_checked(table)}"
    kept = preference(current_work(), key, None)
    value: dict[str, Any] | None = dict(kept) if isinstance(kept, dict) else {}
    if request.form.get("do") == "default":
        value = None
    elif "order" in request.form:
        value = {**(value or {}), "order": sent_names("order")}
    else:
        shown = sent_names("column")
        order = (value or {}).get("order")
        value = {"order": order if isinstance(order, list) else [], "shown": shown}
    with writing() as work:
        set_preference(work, key, value)
    return ("", 204) if "order" in request.form else _back()


@blueprint.post("/arrange/views/<table>")
def save_view(table: str) -> ResponseReturnValue:
    """Saves what a list shows as a view, changes one, or removes it; leads to the view."""
    table = _checked(table)
    back = urlsplit(local_path(request.form.get("back")) or "/")
    was = request.form.get("was", "")[:80]
    query = "&".join(part for part in back.query.split("&") if part and not part.startswith("view="))
    try:
        if request.form.get("do") == "drop":
            with writing() as work:
                name = views.drop(work, table, was or request.form.get("name", ""))
                if views.default_view(work, table) == was:
                    views.set_default(work, table, "")
            toast(_("The view “%(name)s” was removed.", name=name))
            return redirect(back.path, 303)
        with writing() as work:
            name, shared = request.form.get("name", ""), request.form.get("shared") == "1"
            key = views.save(
                work, table, name, query, was="" if request.form.get("do") == "new" else was, shared=shared
            )
            if request.form.get("default") == "1":
                views.set_default(work, table, key)
            elif views.default_view(work, table) == key:
                views.set_default(work, table, "")
    except (Invalid, NotFound) as error:
        toast(_(error.message), category="warn")
        return redirect(back.geturl(), 303)
    toast(_("The view “%(name)s” was saved.", name=" ".join(name.split())[:60]))
    return redirect(f"{back.path}?{query}{'&' if query else ''}{urlencode({'view': key})}", 303)


@blueprint.post("/arrange/line-totals")
def line_totals() -> ResponseReturnValue:
    """What the lines that somebody is typing come to; nothing is stored."""
    from ..money import known_currency
    from .forms.lines import LinesField, rate_of

    name, currency = request.args.get("name", ""), request.args.get("currency", "")
    if not _KEY.match(name) or not known_currency(currency):
        abort(404)
    sent = {value for key in request.form if key.endswith("-tax") for value in request.form.getlist(key)[:20]}
    rates = [rate for rate in map(rate_of, sorted(sent)) if rate is not None]
    form = Form(formdata=None)
    form.add_field(name, LinesField("", currency=currency, rates=rates))
    return render_template("crmhost/lines_totals.html", f=form[name])


def is_ordered(key: str) -> bool:
    """Whether the reader put the parts of a page in an order of their own."""
    return isinstance(preference(current_work(), f"order.{key}", None), list)


def in_order(parts: list[Any], key: str, name_of: Any = None) -> list[Any]:
    """The parts in the order that the reader gave them; new ones come last.

    :param name_of: gives a part's id; by default that of a pair's first element.
    """
    kept = preference(current_work(), f"order.{key}", None)
    if not isinstance(kept, list):
        return parts
    place = {name: number for number, name in enumerate(kept)}
    called = name_of or (lambda part: part[0].id if isinstance(part, tuple) else part.id)
    return sorted(parts, key=lambda part: place.get(called(part), len(place)))
