"""Quotes, invoices and files, for pictures and for the test of every page."""

from __future__ import annotations

import base64
import datetime as dt
import io
from typing import Any

from PIL import Image, ImageDraw
from sqlalchemy import select

from crmhost.core.links import services as links
from crmhost.core.settings import logo
from crmhost.core.settings import services as settings
from crmhost.site import Site
from plugins.files import services as files
from plugins.files.models import Entry
from plugins.invoices import paying
from plugins.invoices import services as invoices
from plugins.invoices.models import Invoice
from plugins.quotes import accepting, versions
from plugins.quotes import services as quotes
from plugins.quotes.models import Quote
from tests import accounts, campaigns, clients

_VAT = [{"name": "VAT", "rate": "20"}]
_LINES = [
    {"title": "Front seats, reupholstered", "text": "Heritage cloth, new foam, heated. Frames stripped and repainted",
     "quantity": "2", "unit_price": "1740", "taxes": _VAT},
    {"title": "Rear bench and door cards", "text": "Four cards in matching cloth, brass fittings kept",
     "quantity": "1", "unit_price": "2190", "taxes": _VAT},
    {"title": "Fitting", "text": "Two people, about three days", "quantity": "22.5", "unit_price": "65", "discount": "10%",
     "taxes": _VAT},
]  # fmt: skip
_TEXT = (
    "<p>Dear ##CONTACT-FNAME##,</p><p>as agreed on the phone: the seats in the original pattern, fitted here, then delivered "
    "with the car.</p>"
)


def some(site: Site) -> None:
    """A quote that was sent, one that was accepted, one that is being written, invoices, and a file of the same contact."""
    with site.work() as work:
        prepared = files.stage(work, "contact", 7, b"What was agreed.\n", name="Agreement.txt")
        with work.begin():
            files.add(work, prepared, description="What was agreed", portal=True)
            for title in (
                "Garden wall",
                "Interior trim and seats, heritage cloth",
                "Workshop with lunch for a whole team",
            ):
                quote = quotes.create(
                    work, {"title": title, "contact_id": 7, "content": _TEXT, "lines": _LINES, "discount": "268.33"}
                )
                if title != "Garden wall":
                    versions.send(work, quote.id)
            _accept(work, quote.id)
            for reference in ("Open", "Settled"):
                given = {
                    "contact_id": 7,
                    "lines": _LINES,
                    "discount": "5%",
                    "reference": reference,
                    "notes": "Thank you.",
                }
                made = invoices.create(work, given)
                invoices.issue(work, made.id)
            paying.mark_paid(work, made.id)
        _attach(work, quote.id - 1)


def _attach(work: Any, quote_id: int) -> None:
    """Two versions of a drawing, as PDF, and a picture, of a quote that was sent."""
    last = 0
    for name in (
        "Seats, first drawing.pdf",
        "Seats.pdf",
        "Heritage cloth with its piping, photographed in daylight.png",
    ):
        sheet = Image.new("RGB", (620, 877) if name.endswith(".pdf") else (900, 500), "ivory")
        pen = ImageDraw.Draw(sheet)
        pen.rounded_rectangle((120, 120, 500, 420), 40, "#b9733c", "#4a2c17", 6)
        pen.text((120, 60), name.partition(".")[0][:30], "black", font_size=30)
        out = io.BytesIO()
        sheet.save(out, "PDF" if name.endswith(".pdf") else "PNG")
        prepared = files.stage(work, "quote", quote_id, out.getvalue(), name=name)
        with work.begin():
            if name == "Seats.pdf":
                files.add_version(work, last, prepared)
            else:
                kind = "Photo" if name.endswith(".png") else ""
                last = files.add(work, prepared, kind=kind, portal=True).id


def _accept(work: Any, quote_id: int) -> None:
    version = versions.current(work, quotes.get(work, quote_id))
    assert version is not None
    accepting.accept(work, quote_id, digest=version.digest, name="Ada Park", drawing=signature(), address="203.0.113.7")


def signature() -> str:
    """A drawn signature, as pages send it."""
    sheet = Image.new("RGBA", (600, 200))
    points = [(40 + at * 6, 100 + (60 if at % 4 < 2 else -50) * (1 - at / 80)) for at in range(80)]
    ImageDraw.Draw(sheet).line(points, fill="#191a1f", width=4, joint="curve")
    out = io.BytesIO()
    sheet.save(out, "PNG")
    return f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"


def sign(site: Site) -> None:
    """Gives the site a logo."""
    sheet = Image.new("RGBA", (360, 120))
    pen = ImageDraw.Draw(sheet)
    pen.ellipse((4, 10, 104, 110), fill="#23573f")
    pen.line([(24, 74), (46, 40), (62, 60), (74, 46), (90, 74)], fill="white", width=6, joint="curve")
    pen.text((124, 40), "Verdier", fill="#22251f", font_size=40)
    out = io.BytesIO()
    sheet.save(out, "PNG")
    with site.work() as work:
        staged = logo.stage(work, io.BytesIO(out.getvalue()))
        with work.begin():
            logo.keep(work, staged)


def numbers(site: Site) -> dict[str, int]:
    """Numbers of what contact 7 has, by the names that they have in addresses of the portal."""
    with site.work() as work:
        return {
            "quote_id": work.session.scalars(select(Quote.id).where(Quote.title.startswith("Interior"))).one(),
            "invoice_id": work.session.scalars(select(Invoice.id).where(Invoice.reference == "Open")).one(),
            "entry_id": work.session.scalars(select(Entry.id).where(Entry.name == "Agreement.txt")).first() or 0,
        }


def portal(site: Site) -> dict[str, str]:
    """Addresses of the portal that contact 7 can open, by endpoint; the site asks for files, and has a page of its own."""
    with site.work() as work, work.begin():
        settings.set_many(work, {"portal.upload_slots": "Copy of the ID, Plan of the house"})
    app, known = site.runtime.current().app, numbers(site)
    assert app is not None
    adapter = app.url_map.bind("localhost")
    return {
        rule.endpoint: adapter.build(rule.endpoint, {name: known[name] for name in rule.arguments})
        for rule, method in clients.rules(app)
        if method == "GET"
        and rule.arguments <= known.keys()
        and not rule.endpoint.endswith((".pdf", ".download", ".statement_pdf"))
    }


#: The browser in which a client opened their links.
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile/15E148 Safari/604.1"


def linked(site: Site) -> dict[str, str]:
    """Addresses of what clients open without signing in, by a name for each."""
    lasts = dt.timedelta(days=30)
    with site.work() as work, work.begin():
        sent = {one.title.split()[0]: one.id for one in work.session.scalars(select(Quote))}
        issued = {one.reference: one.id for one in work.session.scalars(select(Invoice))}
        taken = accepting.of(work, sent["Workshop"])
        assert taken is not None
        for kind, number in (("quote", sent["Interior"]), ("invoice", issued["Open"])):
            links.opened(work, links.find(work, kind, links.token_of(work, kind, number, lasts)), "2001:db8::17", PHONE)
        return {
            "quote": f"/quotes/d/{links.token_of(work, 'quote', sent['Interior'], lasts)}",
            "quote-accepted": f"/quotes/d/{links.token_of(work, 'quote', sent['Workshop'], lasts)}",
            "invoice": f"/invoices/d/{links.token_of(work, 'invoice', issued['Open'], lasts)}",
            "invoice-paid": f"/invoices/d/{links.token_of(work, 'invoice', issued['Settled'], lasts)}",
            "certificate": f"/quotes/verify/{taken.code}",
            **campaigns.linked(work),
            **accounts.linked(work),
        }
