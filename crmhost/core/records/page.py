"""The page of a record: header, figures, tabs with the journal among them, boxes where their reader put them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from types import NoneType
from typing import Any, Literal, cast

from flask import render_template, request, url_for
from flask_babel import gettext as _
from markupsafe import Markup

from ...contributions import Box, RecordKind, Tab, Vital
from ...web.request import current_work
from ...web.templating import failed_badge
from ...work.unit import Work
from ..journal.panel import journal_panel
from ..notifications import services as notifications
from ..users.preferences import preference, preferences_read
from . import services

_FAILED = object()
JOURNAL = "journal"
Column = Literal["main", "side"]
COLUMNS: tuple[Column, ...] = ("main", "side")


@dataclasses.dataclass(frozen=True)
class ShownVital:
    """A figure below the name."""

    label: str
    value: str | Markup


@dataclasses.dataclass(frozen=True)
class ShownTab:
    """A tab of the page."""

    id: str
    title: str
    count: int | None
    open: bool


@dataclasses.dataclass(frozen=True)
class RecordBox:
    """A box that a page brings itself.

    :param id: unique on the page, such as ``companies.details``.
    :param html: its content.
    :param tools: markup at the right of its head.
    :param main: whether it begins in the wide column.
    """

    id: str
    title: str
    html: Markup
    tools: Markup | str = ""
    main: bool = False


def record_page(
    template: str,
    kind: str,
    record: Any,
    *,
    boxes: Sequence[RecordBox] = (),
    before: str = "",
    after: str = "",
    keep: Mapping[str, Any] | None = None,
    **context: Any,
) -> str:
    """The page of a record, from a template that extends ``crmhost/record.html``. Who may see it is asked before.

    :param kind: name of its :class:`crmhost.api.RecordKind`.
    :param record: has the attribute ``id``; the template has it as ``record``.
    :param boxes: those of the page itself; those that plugins contribute follow.
    :param before: address of the record before it in the list that the reader came from; empty for none.
    :param after: address of the next one.
    :param keep: arguments that the addresses of tabs take along.
    :param context: further values for the template.
    """
    work = current_work()
    found = services.kind_of(work, kind)
    here = {found.argument: record.id, **(keep or {})}
    _ask_ahead(work, found, record)
    tabs, tab = contributed_tabs(work, found, record, request.args.get("tab", ""))
    if tab is None:
        tab = journal_panel(work, kind, record.id)
    return render_template(
        template,
        record=record,
        kind=found,
        may=work.can(found.edit, record),
        tags=services.shown_tags(work, kind, record.id),
        vitals=vitals(work, found, record),
        tabs=[(item.title, _tab_url(found, here, item.id), item.open, item.count) for item in tabs],
        tab=tab,
        columns=arranged(work, kind, [*boxes, *contributed_boxes(work, found, record)]),
        is_arranged=layout_of(work, kind) is not None,
        before=before,
        after=after,
        **context,
    )


def _tab_url(kind: RecordKind, here: Mapping[str, Any], tab: str) -> str:
    return url_for(kind.endpoint, **here, tab=tab if tab != JOURNAL else None)


# --- what plugins contribute ------------------------------------------------------------------------------------------


def _contributed(work: Work, kind: RecordKind, what: str) -> list[Any]:
    items = list(work.generation.contributions(f"{kind.parts}_{what}")) if kind.parts else []
    if what == "tabs":
        items += [item.of(kind.name) for item in work.generation.contributions("record_tabs")]
    return [item for item in items if work.can(item.permission)]


def _ask_ahead(work: Work, kind: RecordKind, record: Any) -> None:
    """Asks what the parts of the page tell beforehand, all in one statement."""
    reads = [*notifications.unread_read(work), *preferences_read(work), services.tags_read(kind.name, record.id)]
    for what in ("vitals", "tabs", "boxes"):
        for item in cast("list[Vital | Tab | Box]", _contributed(work, kind, what)):
            if item.reads is not None:
                place = f"reads of {item.id}"
                reads += work.generation.run(item.plugin, place, item.reads, work, record, default=(), gives=Sequence)
    work.ahead(reads)


def vitals(work: Work, kind: RecordKind, record: Any) -> list[ShownVital]:
    """The figures below the name."""
    found = []
    for item in cast("list[Vital]", _contributed(work, kind, "vitals")):
        value = work.generation.run(
            item.plugin, f"vital {item.id}", item.value, work, record, default=_FAILED, gives=(str, NoneType)
        )
        if value is _FAILED:
            value = failed_badge(item.plugin) or None
        if value is not None:
            found.append(ShownVital(_(item.label), value))
    return found


def contributed_tabs(work: Work, kind: RecordKind, record: Any, wanted: str) -> tuple[list[ShownTab], Markup | None]:
    """The tabs, and the markup of the one that is open; ``None`` while that is the journal."""
    items = cast("list[Tab]", _contributed(work, kind, "tabs"))
    chosen = next((item for item in items if item.id == wanted), None)
    found = [ShownTab(JOURNAL, _("Journal"), None, chosen is None)] if work.can("journal.view") else []
    for item in items:
        count = None
        if item.count is not None:
            count = work.generation.run(
                item.plugin, f"tab {item.id}", item.count, work, record, default=None, gives=int
            )
        found.append(ShownTab(item.id, _(item.title), count, item is chosen))
    if chosen is None:
        return found, None
    html = work.generation.run(
        chosen.plugin, f"tab {chosen.id}", chosen.render, work, record, default=_FAILED, gives=str
    )
    if html is _FAILED:
        return found, Markup('<p class="soft">{} {}</p>').format(
            _("This part does not work at the moment."), failed_badge(chosen.plugin)
        )
    return found, Markup(html)  # noqa: S704  # a plugin's render gives finished markup


def contributed_boxes(work: Work, kind: RecordKind, record: Any) -> list[RecordBox]:
    """The boxes that plugins contribute, with their markup; one without any is left out."""
    found = []
    for item in cast("list[Box]", _contributed(work, kind, "boxes")):
        html = work.generation.run(item.plugin, f"box {item.id}", item.render, work, record, default=_FAILED, gives=str)
        if html is _FAILED:
            html = failed_badge(item.plugin)
        if html:
            box = RecordBox(f"{item.plugin}.{item.id}", _(item.title), Markup(html), main=item.main)  # noqa: S704
            found.append(box)
    return found


# --- where the reader put the boxes -----------------------------------------------------------------------------------


def layout_key(kind: str) -> str:
    """Under which the reader's layout is kept."""
    return f"boxes.{kind}"


def layout_of(work: Work, kind: str) -> dict[Column, list[str]] | None:
    """Column -> ids of boxes as the reader arranged them; ``None`` while they did not."""
    kept = preference(work, layout_key(kind), None)
    if not isinstance(kept, dict):
        return None
    return {column: [name for name in kept.get(column) or () if isinstance(name, str)] for column in COLUMNS}


def moved(
    layout: Mapping[Column, Sequence[str]] | None, column: Column, order: Sequence[str]
) -> dict[Column, list[str]]:
    """The layout after a column got a new order. Boxes that were not shown stay behind the others of their column."""
    old = layout or {}
    found: dict[Column, list[str]] = {}
    for name in COLUMNS:
        rest = [box for box in old.get(name, ()) if box not in order]
        found[name] = [*order, *rest] if name == column else rest
    return found


def arranged(work: Work, kind: str, boxes: Sequence[RecordBox]) -> dict[Column, list[RecordBox]]:
    """The boxes by column, in the reader's order; those that the reader never moved come last, where they begin."""
    layout = layout_of(work, kind) or {}
    places = {name: (column, at) for column, names in layout.items() for at, name in enumerate(names)}
    found: dict[Column, list[RecordBox]] = {column: [] for column in COLUMNS}
    for box in boxes:
        column, _at = places.get(box.id, ("main" if box.main else "side", 0))
        found[column].append(box)
    for some in found.values():
        some.sort(key=lambda box: places.get(box.id, ("side", len(places)))[1])
    return found
