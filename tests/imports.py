"""Imports to look at: one before it begins and one that is over."""

from __future__ import annotations

import csv
import importlib
import io
import random

from crmhost.core.users import services as users
from crmhost.site import Site

HEADINGS = (
    "Record ID", "First Name", "Last Name", "Email", "Phone Number", "Lifecycle Stage", "Create Date", "Contact owner",
    "Company Name", "City", "Country/Region", "Original Source", "Notes", "Fax", "Twitter username",
)  # fmt: skip
_NAMES = (
    "Amélie Fontaine",
    "Kwame Mensah",
    "Zoë Łukasiewicz",
    "Nguyễn Minh",
    "Björn Dahl",
    "Оксана Шевченко",
    "Pat O'Neill",
)
_FIRMS = ("Ateliers du Quai", "Gesellschaft für angewandte Gebäudeautomation mbH & Co. KG", "=cmd|' /C calc'!A0", "")


def some(site: Site) -> None:
    """A draft with problems (number 1) and a finished import (number 2)."""
    importing, proposing, batches, storing = (
        importlib.import_module(f"plugins.csv_tools.{name}")
        for name in ("importing", "proposing", "batches", "storing")
    )
    with site.work() as work:
        actor = users.actor_for(users.find_by_email(work, "admin@example.com") or users.all_users(work)[0][0])
    for number, name in ((1, "hubspot-crm-exports-all-contacts-2026-11-22.csv"), (2, "salon-retromobile.csv")):
        with site.work(actor) as work:
            staged = storing.take(work, io.BytesIO(_file(number).encode("utf-8-sig")), name)
            with work.begin():
                run = importing.create(work, "contacts", name)
                storing.keep(work, run, staged)
                run_id = run.id
            source = storing.stored(work, run_id)
            proposal = proposing.propose(work, "contacts", source)
            with work.begin():
                proposing.settle(work, importing.get(work, run_id, lock=True), proposal)
            run = importing.get(work, run_id)
            if number == 1:
                told = batches.rehearse(work.begin, run, storing.stored(work, run_id))
                with work.begin():
                    importing.get(work, run_id, lock=True).rehearsal = told
            else:
                with work.begin():
                    importing.start(work, importing.get(work, run_id, lock=True))
                batches.proceed(work.begin, importing.get(work, run_id), source)


def _file(number: int) -> str:
    chance = random.Random(number)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADINGS)
    for row in range(240):
        first, last = chance.choice(_NAMES).split()
        email = "not an address" if row % 40 == 7 else f"{number}-{row}.person@example.com"
        stage = chance.choice(("lead", "customer", "opportunity"))
        day = f"{chance.randrange(1, 13)}/{chance.randrange(1, 29)}/2025 10:{row % 60:02}"
        writer.writerow([
            9000 + row, first, last, email, "+33 6 12 34 56 78", stage, day, "Sam Lee", chance.choice(_FIRMS), "Köln", "DE",
            "ORGANIC_SEARCH", "line one\nline two" if row % 9 == 0 else "", "", "",
        ])  # fmt: skip
    return text.getvalue()
