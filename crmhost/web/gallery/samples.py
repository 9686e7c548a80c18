"""What the gallery shows: made-up rows, charts, entries. Nothing of it is stored."""

from __future__ import annotations

import dataclasses
import datetime as dt
from decimal import Decimal
from types import SimpleNamespace

from markupsafe import Markup

from ...contributions import JournalType
from ...core.hues import HUES
from ...core.journal.describe import Part
from ...core.journal.models import JournalEntry
from ...core.journal.panel import Line
from ...core.records.page import RecordBox
from ...documents import Document, Percent, TaxRate
from ...documents import Line as Position
from ...money import Money
from ..charts import Chart, ChartReceipt, ChartSeries
from ..forms import (
    AreaField,
    ChoiceField,
    ChoicesField,
    DayField,
    EmailField,
    Form,
    IntegerField,
    ListField,
    MomentField,
    NumberField,
    PhoneField,
    RecordField,
    SecretField,
    Section,
    SwitchField,
    TagsField,
    TextField,
    UrlField,
)
from ..forms.lines import LinesField

LONG_NAME = "Maximilian-Alexander von Hohenstein-Oberwaldburg zu Schwarzenfels"
LONG_WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
NAMES = ("Amélie Fontaine", "Оксана Шевченко", "José Ángel Etxeberria", "李小龙", LONG_NAME, "x")
STATUSES = (("Lead", "blue"), ("Contacted", "violet"), ("Customer", "green"), ("Refused", "red"))


VITALS = [
    {"label": "Last contacted", "value": "6 days ago"},
    {"label": "In this status", "value": "13 days"},
    {"label": "Value", "value": "€1,234,567.89"},
    {"label": "Name", "value": LONG_NAME},
    {"label": "Open", "value": "–"},
    {"label": "Added", "value": "13 Nov 2026"},
]


@dataclasses.dataclass(frozen=True)
class Row:
    """A row of the list."""

    id: int
    name: str
    email: str
    status: tuple[str, str]
    tags: tuple[tuple[str, str], ...]
    amount: int


def rows(number: int = 12) -> list[Row]:
    """Rows with short, long and foreign names."""
    return [
        Row(
            at + 1,
            NAMES[at % len(NAMES)],
            f"{LONG_WORD[: 12 + at * 5].lower()}@example.com",
            STATUSES[at % len(STATUSES)],
            tuple((f"Tag {HUES[(at + more) % 12]}", HUES[(at + more) % 12]) for more in range(at % 3)),
            (at * 7919 + 13) * (-1 if at % 5 == 4 else 1),
        )
        for at in range(number)
    ]


def lines(now: dt.datetime) -> list[tuple[Line, bool]]:
    """Entries of a journal, each with whether it is pinned."""

    def entry(number: int, hours: int, **fields: object) -> JournalEntry:
        at = now - dt.timedelta(hours=hours)
        given: dict[str, object] = {
            "summary": "",
            "comment": "",
            "outcome": "",
            "by_system": False,
            "pinned": False,
            "data": {},
        }
        return JournalEntry(id=number, type="note", at=at, actor_label="Inès", **{**given, **fields})

    note = JournalType(name="note", label="Note", icon="note")
    call = JournalType(name="call", label="Call", icon="phone", contact=True)
    system = JournalType(name="created", label="Added", icon="user-plus")
    long = " ".join(["Wants a quote for three workshops, and asks whether the hall is free in May."] * 4)
    return [
        (Line(entry(1, 30, comment="Prefers to be written to in the morning.", pinned=True), note, (), "Inès"), True),
        (
            Line(entry(2, 3, summary="Asked for prices", comment=long, outcome="Send the quote"), call, (), "Théo"),
            False,
        ),
        (Line(entry(3, 5, comment=f"{LONG_WORD} {LONG_WORD}"), note, (), LONG_NAME), False),
        (Line(entry(4, 8, by_system=True), system, (Part("Added by hand"),), "Inès"), False),
    ]


VAT = TaxRate("VAT", Decimal(20))
LINES = Document(
    "EUR",
    (
        Position(LONG_NAME, Money(89900, "EUR"), text="Oiled, two metres\nDelivered in May", taxes=(VAT,)),
        Position("Chair", Money(3333, "EUR"), Decimal(3), discount=Percent(Decimal(5)), taxes=(VAT,)),
    ),
    Money(1000, "EUR"),
    Money(1500, "EUR"),
    (VAT,),
)


class SampleForm(Form):
    """A form with every kind of field."""

    sections = [  # noqa: RUF012  # as forms declare them
        Section(
            "words", "Words", {"name": 3, "email": 3, "phone": 3, "site": 3, "about": 6, "secret": 3}, "Shown to all"
        ),
        Section("values", "Values", {"count": 2, "amount": 2, "day": 2, "moment": 3, "wanted": 3}),
        Section("lines", "Lines", {"lines": 6}),
        Section("choices", "Choices", {"status": 3, "country": 3, "several": 3, "tags": 3, "contact": 3, "names": 3}),
    ]
    name = TextField("Name", description="What people call it", render_kw={"note": "optional"})
    email = EmailField("E-mail")
    phone = PhoneField("Phone")
    site = UrlField("Website")
    about = AreaField("About")
    secret = SecretField("Secret")
    count = IntegerField("Count")
    amount = NumberField("Amount")
    day = DayField("Day")
    moment = MomentField("Moment")
    wanted = SwitchField("Send a message when it is done", description="To you alone")
    lines = LinesField("Lines", rates=[VAT, TaxRate("City tax", Decimal("7.25"))])
    status = ChoiceField("Status")
    country = ChoiceField("One of many")
    several = ChoicesField("Several", choices=[(name, name) for name, _hue in STATUSES])
    tags = TagsField("Tags")
    contact = RecordField("One record", kind="contact", create=True, description="By name, e-mail or number")
    names = ListField("List of names", description="Separated by commas")


def form(*, wrong: bool) -> SampleForm:
    """The form, filled; with an error at each field when it is wrong."""
    made = SampleForm(
        formdata=None,
        data={"name": LONG_NAME, "email": "amelie@example.com", "count": 3, "wanted": True, "lines": LINES},
    )
    pairs = [(name, name) for name, _hue in STATUSES]
    made.status.offer(pairs)
    made.country.offer([(str(number), f"Choice {number}") for number in range(40)])
    made.tags.known = [f"Tag {hue}" for hue in HUES]
    if wrong:
        for name, field in made._fields.items():
            if name != "wanted" and field.type != "CSRFTokenField":
                made.add_problem(name, f"“{field.label.text}” can't be taken as it is: correct it and save again.")
    return made


RECEIPT = ChartReceipt(
    formula="Contacts by the period in which they were added.",
    counted=31218,
    filters=[("Tag", "VIP"), ("Assigned to", LONG_NAME)],
    zone="Europe/Berlin",
    left_out=[("no date", 511), ("in the bin", 9)],
)
MONTHS = ("Dec", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov")
EARNED = (4810_00, 3180_00, 3660_00, 4520_00, 5240_00, 4990_00, 6150_00, 3820_00, -318_00, 5792_00, 6610_00, 4163_20)


def charts() -> list[Chart]:
    """Charts of every kind: empty, with one value, below zero, with long labels."""
    last, before = (
        [38, 44, 51, 57, 49, 62, 71, 66, 43, 58, 74, 35],
        [47, 52, 49, None, None, 58, 44, 39, 31, 36, 42, 63],
    )

    def chart(name: str, **fields: object) -> Chart:
        given: dict[str, object] = {
            "id": name,
            "kind": "line",
            "title": "How many contacts came in?",
            "summary": "A made-up series of months.",
            "heading": "Month",
            "labels": MONTHS,
            "series": [ChartSeries("This period", last)],
            "receipt": RECEIPT,
        }
        return Chart(**{**given, **fields})  # type: ignore[arg-type]

    people = [ChartSeries("People", [4810, 3180, 2660, 1520])]
    names = [LONG_NAME, LONG_WORD, "Trade fair", "x"]
    four = [
        ChartSeries(f"Series {style}", [value + 20 * at for value in last], style)  # type: ignore[arg-type]
        for at, style in enumerate(("main", "2", "3", "4"))
    ]
    return [
        chart("line-two", series=[ChartSeries("This period", last), ChartSeries("Period before", before, "past")],
              sub="New contacts per month", figure="648", delta=0.123, against="on the 12 months before", running="so far"),
        chart("bar-money", title="What did we earn each month?", kind="bar", series=[ChartSeries("Earned", EARNED)],
              unit="money", currency="EUR", running="so far", figure="€525,342.00", delta=-0.081,
              note="November is still running."),
        chart("rows-long", title="Where do contacts come from?", kind="rows", labels=names, series=people, heading="Source"),
        chart("pie-parts", title="Which status do contacts have?", kind="pie", labels=[f"Part {at}" for at in range(9)],
              series=[ChartSeries("Contacts", [900, 700, 400, 250, 120, 80, 40, 20, 5])], heading="Status"),
        chart("line-four", title="How do the four compare?", series=four),
        chart("bar-stacked", title="Who won and who lost?", kind="bar", stacked=True,
              series=[ChartSeries("Won", last), ChartSeries("Lost", last[::-1], "soft"), ChartSeries("Open", last, "3")]),
        chart("bar-percent", title="How many go on?", kind="bar", unit="percent",
              series=[ChartSeries("Share", [value / 100 for value in last])]),
        chart("line-one", title="What does one value look like?", labels=["Nov"], series=[ChartSeries("This period", [7])]),
        chart("bar-zero", title="What if nothing came in?", kind="bar", series=[ChartSeries("This period", [0] * 12)]),
        chart("line-none", title="What if there is nothing at all?", labels=[], series=[ChartSeries("This period", [])],
              empty="Add a contact, and the months will stand here."),
    ]  # fmt: skip


def record_page(now: dt.datetime) -> dict[str, object]:
    """What ``record_page`` hands to the template of a record."""
    details = Markup('<dl class="crm-pairs"><dt>Place</dt><dd>Lyon</dd><dt>Since</dt><dd>13 Nov 2026</dd></dl>')
    text = Markup("<p>A box in the wide column.</p>")
    return {
        "record": SimpleNamespace(id=1),
        "kind": SimpleNamespace(name="contact"),
        "may": True,
        "tags": [{"name": f"Tag {hue}", "hue": hue} for hue in HUES[:3]],
        "vitals": VITALS,
        "tabs": [("Journal", "/", True, None), ("Loans", "/", False, 3)],
        "tab": "",
        "lines": lines(now),
        "columns": {
            "main": [RecordBox("gallery.wide", "A wide box", text)],
            "side": [
                RecordBox("gallery.details", "Details", details),
                RecordBox("gallery.long", LONG_NAME, Markup('<p class="soft">Nothing here yet.</p>')),
            ],
        },
        "is_arranged": True,
        "before": "/",
        "after": "/",
    }
