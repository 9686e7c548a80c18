"""Mails in a second through the site's queue, against a bare loop of smtplib with as many connections and mails as large."""

from __future__ import annotations

import smtplib
import subprocess
import sys
import threading
import time
from email import policy
from email.message import EmailMessage
from typing import Any

from sqlalchemy import func, select

from crmhost.core.contacts import services as contacts
from crmhost.core.contacts.models import Contact
from crmhost.core.mail import services as mail
from crmhost.core.mail.models import MailMessage
from crmhost.work.runner import THREADS

from . import sink, sites
from .fill import fill
from .report import Report
from .sites import Place

MAILS = 2_000
SENDER = "hello@example.com"
BATCH = 500
#: Share of the bare loop's rate that is aimed at.
AIM = 0.5
#: A mail of a campaign: some 20 kB of HTML beside its text.
HTML = "<p>" + "Our studio opens its doors on Saturday, and you are invited. " * 300 + "</p>"
TEXT = "Our studio opens its doors on Saturday, and you are invited.\n" * 40
#: Seconds in which all mails must have gone.
PATIENCE = 600.0


def main(databases: str = "both") -> int:
    """Runs all measurements; gives the number of figures that must hold and don't."""
    failed = 0
    with sites.places(databases=databases) as places, sink.running() as peer:
        for place in places:
            sites.set_up(place)
            failed += sending(place, peer)
    return failed


def sending(place: Place, peer: sink.Peer) -> int:
    """One worker sends what lies in the queue; then the same number goes out by smtplib alone."""
    report = Report(f"Sending {MAILS:,} mails, {place.label}")
    site = place.site()
    try:
        queued = _queue(site, peer.port)
        report.figure("mails queued in a second", f"{queued:,.0f}")
        peer.read_out()
        through_worker(place, site)
        sent = peer.read_out()
        with site.engine.connect() as connection:
            states = dict(connection.execute(select(MailMessage.state, func.count()).group_by(MailMessage.state)).all())
    finally:
        site.close()
    once = sent.mails == sent.distinct == MAILS and states == {"sent": MAILS}
    report.figure("mails that arrived, each once", f"{sent.mails:,} of {MAILS:,}", must=once)
    rate = sent.mails / sent.seconds
    report.figure("through the queue, mails in a second", f"{rate:,.0f} ({sent.connections} connections)")
    for making, how in ((False, "one mail, made before"), (True, "each mail made")):
        bare_loop(peer.port, making=making)
        bare = peer.read_out()
        bare_rate = bare.mails / bare.seconds
        shown = f"{bare_rate:,.0f} ({bare.connections} connections), {rate / bare_rate:.0%}"
        report.figure(f"bare loops of smtplib, {how}; the queue's share", shown, aim=rate >= AIM * bare_rate)
    return report.failed


def _queue(site: Any, port: int) -> float:
    fill(site, MAILS, seeds=MAILS)
    with site.work() as work:
        settings = {
            "mail.transport": "smtp",
            "mail.from": "Studio <hello@example.com>",
            "mail.smtp_host": "127.0.0.1",
            "mail.smtp_port": port,
            "mail.smtp_security": "none",
        }
        from crmhost.core.settings import services as stored

        with work.begin():
            stored.set_many(work, settings)
    with site.work() as work:
        ids = list(work.session.scalars(select(Contact.id).where(Contact.email != "").order_by(Contact.id)))
    started = time.perf_counter()
    for start in range(0, MAILS, BATCH):
        with site.work() as work, work.begin():
            work.base_url = "https://crm.example.com"
            for number in range(start, start + BATCH):
                contact = contacts.get(work, ids[number % len(ids)])
                mail.queue(
                    work,
                    subject=f"Open studio {number}",
                    html=HTML,
                    text=TEXT,
                    contact_id=contact.id,
                    bulk=True,
                    source="bench",
                )
    return MAILS / (time.perf_counter() - started)


def through_worker(place: Place, site: Any) -> None:
    """One worker sends all that waits."""
    worker = subprocess.Popen([sys.executable, "-m", "crmhost", "worker"], env=place.environment())
    waiting = select(func.count()).where(MailMessage.state.in_(("queued", "sending")))
    until = time.monotonic() + PATIENCE
    try:
        while time.monotonic() < until:
            with site.engine.connect() as connection:
                if not connection.scalar(waiting):
                    return
            time.sleep(0.2)
    finally:
        worker.terminate()
        worker.wait(30)


def bare_loop(port: int, *, making: bool = False) -> None:
    """As many connections at once as a worker has threads, each kept.

    :param making: each mail is made before it is sent, as mails to different people must be.
    """
    raw = _made(0)

    def loop() -> None:
        with smtplib.SMTP("127.0.0.1", port) as smtp:
            for number in range(MAILS // THREADS):
                smtp.sendmail(SENDER, [f"person{number}@example.com"], _made(number) if making else raw)

    threads = [threading.Thread(target=loop) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _made(number: int) -> bytes:
    made = EmailMessage(policy=policy.SMTP)
    made["From"], made["To"], made["Subject"] = SENDER, f"person{number}@example.com", f"Open studio {number}"
    made["Message-ID"] = f"<{number}@example.com>"
    made.set_content(TEXT)
    made.add_alternative(HTML, subtype="html")
    return made.as_bytes()
