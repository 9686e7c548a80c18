"""Quotes and files, for pictures and for the test of every page."""

from __future__ import annotations

from crmhost.site import Site
from plugins.files import services as files
from plugins.quotes import services as quotes
from plugins.quotes import versions


def some(site: Site) -> None:
    """A quote that was sent, one that is being written, and a file of the same contact."""
    with site.work() as work:
        prepared = files.stage(work, "contact", 7, b"What was agreed.\n", name="Agreement.txt")
        with work.begin():
            files.add(work, prepared, description="What was agreed")
            for title in ("Garden wall", "Workshop with lunch, materials and a certificate for a whole team"):
                quote = quotes.create(
                    work,
                    {
                        "title": title,
                        "contact_id": 7,
                        "content": "<p>Dear ##CONTACT-FNAME##,</p><p>this is our offer.</p>",
                        "lines": [{"title": "Bricks", "quantity": "12", "unit_price": "104.50"}],
                    },
                )
            versions.send(work, quote.id)
