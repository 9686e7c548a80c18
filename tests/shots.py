"""Pictures of the main pages: ``./crm shots [NAME …]`` writes them to ``shots/``, at 1440 and 390 px, light and dark.

``theme=NAME`` among the names shows them in that theme. ``readme`` takes those of the README alone, into ``docs/pictures/``.

Somebody has to look at them: a page that nobody looked at is not done.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page

from bench import sites
from bench.load import Server, free_port
from bench.sites import Place
from crmhost.web.templating import plain
from crmhost.web.themes import services as themes
from plugins.portal import frame
from tests import clients, invoiced, papers
from tests.filled import fill
from tests.peers import browser

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "shots"
README = ROOT / "docs" / "pictures"
SIZES = {1440: 900, 390: 844}

#: Name -> address; {contact} is a contact of the demo data, {invoice} one of their invoices, {quote} a quote that was sent,
#: with files.
PAGES = {
    "dashboard": "/",
    "contacts": "/contacts/",
    "contacts-filtered": "/contacts/?status=Lead&sort=name",
    "contacts-search": "/contacts/?q=zzzzzz",
    "contact": "/contacts/{contact}",
    "contact-new": "/contacts/new",
    "contact-edit": "/contacts/{contact}/edit",
    "bin": "/contacts/bin",
    "duplicates": "/contacts/duplicates",
    "merge-compare": "/contacts/duplicates/compare?ids=7,8,9",
    "merge-choose": "/contacts/{contact}/merge",
    "merge-done": "/contacts/merges/1",
    "erase": "/contacts/{contact}/erase",
    "erased": "/settings/erased",
    "erased-receipt": "/settings/erased/1",
    "journal": "/journal/",
    "funnel": "/funnel/",
    "funnel-actual": "/funnel/?view=actual&from=2026-01-01",
    "transactions": "/transactions/",
    "transaction": "/transactions/1",
    "transaction-edit": "/transactions/1/edit",
    "transactions-of-contact": "/contacts/{contact}?tab=transactions",
    "orders-of-contact": "/contacts/{contact}?tab=woo_sync",
    "sales": "/sales-dashboard/?period=year&currency=EUR",
    "sales-all": "/sales-dashboard/?period=30&currency=all",
    "sales-empty": "/sales-dashboard/?from=1990-01-01&to=1990-01-31",
    "sales-metric": "/sales-dashboard/metrics/net_revenue?period=90&currency=EUR",
    "sales-breakdown": "/sales-dashboard/metrics/gross_revenue?period=year&currency=EUR&by=owner&key=",
    "sales-fees": "/sales-dashboard/fees/",
    "sales-fee": "/sales-dashboard/fees/2",
    "sales-goals": "/sales-dashboard/goals/",
    "payments-of-contact": "/contacts/{contact}?tab=stripe_sync",
    "stripe-none": "/contacts/12?tab=stripe_sync",
    "stripe": "/syncs/2",
    "stripe-connect": "/syncs/connect/stripe",
    "stripe-edit": "/syncs/2/edit",
    "syncs": "/syncs/",
    "sync": "/syncs/1",
    "sync-connect": "/syncs/connect/woo",
    "sync-mapping": "/syncs/1/mapping",
    "sync-reconcile": "/syncs/1/reconcile",
    "sync-aside": "/syncs/1/aside",
    "sales-cohorts": "/sales-dashboard/cohorts",
    "sales-cohorts-value": "/sales-dashboard/cohorts?measure=value&months=24",
    "sales-customers": "/sales-dashboard/customers?period=year",
    "sales-tags": "/sales-dashboard/tags?period=year",
    "sales-subscriptions": "/sales-dashboard/subscriptions",
    "sales-reports": "/sales-dashboard/reports",
    "sales-report-preview": "/sales-dashboard/reports/monthly",
    "transactions-settings": "/settings/page/transactions",
    "invoices": "/invoices/",
    "invoices-filtered": "/invoices/?status=overdue&status=unpaid",
    "invoice": "/invoices/{invoice}",
    "invoice-new": "/invoices/new?contact_id={contact}",
    "invoice-edit": "/invoices/{invoice}/edit",
    "invoice-send": "/invoices/{invoice}/send",
    "invoice-payment": "/invoices/{invoice}/payment",
    "invoices-bin": "/invoices/bin",
    "invoices-of-contact": "/contacts/{contact}?tab=invoices",
    "invoices-settings": "/settings/page/invoices",
    "transaction-hint": "/transactions/?q=BANK-5531",
    "statement": "/invoices/statement/contact/{contact}",
    "statement-wrong": "/invoices/statement/contact/{contact}?date_from=soon",
    "statement-send": "/invoices/statement/contact/{contact}/send",
    "quotes": "/quotes/",
    "quote-page": "/quotes/{quote}",
    "quote-files": "/quotes/{quote}?tab=files",
    "quote-new": "/quotes/new?contact_id={contact}&template=1",
    "quote-edit": "/quotes/{quote}/edit",
    "quote-send": "/quotes/{quote}/send",
    "quote-ask": "/quotes/p/1",
    "files": "/files/",
    "file-pdf": "/files/2",
    "file-old-version": "/files/2?version=1",
    "file-picture": "/files/3",
    "quote-templates": "/quotes/templates",
    "quotes-of-contact": "/contacts/{contact}?tab=quotes",
    "files-of-contact": "/contacts/{contact}?tab=files",
    "segments": "/segments/",
    "segment": "/segments/1",
    "segment-explain": "/segments/1/explain?contact=%23{contact}",
    "segment-edit": "/segments/1/edit",
    "segment-new": "/segments/new",
    "import": "/csv-tools/import",
    "import-columns": "/csv-tools/import/1/columns",
    "import-matches": "/csv-tools/import/1/matches",
    "import-check": "/csv-tools/import/1/check",
    "import-report": "/csv-tools/import/2",
    "export": "/csv-tools/export",
    "companies": "/companies/",
    "companies-filtered": "/companies/?status=Customer&sort=-created_at",
    "company": "/companies/1",
    "company-new": "/companies/new",
    "company-edit": "/companies/1/edit",
    "companies-bin": "/companies/bin",
    "company-statuses": "/companies/statuses",
    "extensions": "/extensions/",
    "extension": "/extensions/funnel",
    "themes": "/themes/",
    "currencies": "/settings/currencies/",
    "settings": "/settings/",
    "field-options": "/settings/field-options/",
    "entry-type": "/settings/field-options/journal/call",
    "entry-type-delete": "/settings/field-options/journal/call/delete",
    "field": "/settings/field-options/fields/1",
    "field-new": "/settings/field-options/fields/new?kind=choice",
    "field-delete": "/settings/field-options/fields/1/delete",
    "contacts-custom": "/contacts/?custom.customer_tier=gold&sort=-custom.yearly_budget",
    "users": "/settings/users/",
    "user": "/settings/users/1",
    "user-new": "/settings/users/new",
    "roles": "/settings/users/roles/",
    "ways-in": "/settings/users/sign-in",
    "audit": "/settings/audit",
    "health": "/settings/health",
    "jobs": "/settings/jobs/",
    "jobs-undelivered": "/settings/jobs/events",
    "tokens": "/api-tokens/",
    "webhooks": "/api-tokens/webhooks/",
    "webhook": "/api-tokens/webhooks/1",
    "webhook-new": "/api-tokens/webhooks/new",
    "notifications": "/notifications/",
    "campaigns": "/campaigns/",
    "campaign-new": "/campaigns/new",
    "campaign-subject": "/campaigns/1/subject",
    "campaign-audience": "/campaigns/1/audience",
    "campaign-content": "/campaigns/1/content",
    "campaign-review": "/campaigns/1/review",
    "campaign-sent": "/campaigns/3",
    "campaign-recipients": "/campaigns/3/recipients?figure=clicked",
    "campaign-sending": "/campaigns/4",
    "campaign-paused": "/campaigns/5",
    "campaign-subjects": "/campaigns/7",
    "campaign-companies": "/campaigns/8/audience",
    "campaign-companies-review": "/campaigns/8/review",
    "campaign-companies-recipients": "/campaigns/9/recipients",
    "campaign-company": "/companies/1",
    "campaign-companies-page": "/campaigns/9",
    "sequences": "/campaigns/sequences/",
    "sequence": "/campaigns/sequences/1",
    "sequence-empty": "/campaigns/sequences/2",
    "sequence-new": "/campaigns/sequences/new",
    "sequence-left": "/campaigns/sequences/1/people?state=left",
    "sequence-people": "/campaigns/sequences/1/people",
    "sequence-edit": "/campaigns/sequences/1/edit",
    "sequence-step": "/campaigns/sequences/1/steps/2",
    "sequence-contact": "/contacts/10",
    "contact-topics": "/contacts/{contact}#mail-topics",
    "mail-topics": "/campaigns/topics/",
    "mail-topic": "/campaigns/topics/1",
    "mail-settings": "/settings/mail/",
    "mail-returned": "/settings/mail/returned",
    "mail-accounts": "/settings/mail/accounts/",
    "mail-account": "/settings/mail/accounts/1",
    "mail-templates": "/mail/templates/",
    "mail-template": "/mail/templates/2",
    "mail-blocks": "/mail/templates/1",
    "mail-blocks-new": "/mail/templates/new",
    "mail-compose": "/contacts/{contact}/mail",
    "mail-log": "/settings/mail/log/",
    "mail-unknown": "/settings/mail/log/2",
    "mail-message": "/settings/mail/log/1",
    "api-docs": "/api/v1/docs",
    "account": "/account",
    "staff-portal-settings": "/settings/page/portal",
    "staff-portal-pages": "/portal/staff/pages",
    "staff-portal-page": "/portal/staff/pages/1",
    "staff-portal-fields": "/portal/staff/fields",
    "staff-portal-changes": "/portal/staff/changes",
    "staff-portal-one-change": "/portal/staff/changes/1",
    "second-step": "/account/second-step",
    "gallery-signs": "/dev/gallery/",
    "gallery-forms": "/dev/gallery/forms",
    "gallery-wrong": "/dev/gallery/forms/wrong",
    "gallery-list": "/dev/gallery/list",
    "gallery-empty": "/dev/gallery/list/empty",
    "gallery-parts": "/dev/gallery/parts",
    "gallery-record": "/dev/gallery/record",
    "gallery-overlays": "/dev/gallery/overlays",
    "gallery-charts": "/dev/gallery/charts",
    "not-found": "/nowhere",
}


#: Pages of the portal that are seen before signing in.
DOOR = {f"portal-{name}" for name in ("sign_in", "ask_link", "open_link", "new_password", "link_over")}
#: Pages of which the README has pictures, and the colours in which it shows them.
SHOWN = {"dashboard": "light", "contacts": "light", "contact": "light", "funnel": "dark", "extensions": "light"}


def main(chosen: list[str]) -> int:
    """Takes the pictures whose names contain one of the words given; all without words."""
    theme_name = next((word.partition("=")[2] for word in chosen if word.startswith("theme=")), "")
    chosen = [word for word in chosen if not word.startswith("theme=")]
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="crmhost-shots-") as folder:
        place = Place("shots", Path(folder), f"sqlite:///{folder}/shots.sqlite")
        sites.set_up(place)
        site = place.site("test")
        fill(site, contacts=400)
        papers.sign(site)
        numbers = {"contact": 7, "invoice": invoiced.found(site), "quote": papers.numbers(site)["quote_id"]}
        client = {f"client-{name}": address for name, address in papers.linked(site).items()}
        client |= {f"portal-{name.removeprefix('portal.')}": address for name, address in papers.portal(site).items()}
        visit = clients.session_token(site, 7)
        client |= clients.door(site)
        if theme_name:
            with site.work() as work, work.begin():
                themes.activate(work, theme_name, plain)
        end = f"-{theme_name}" if theme_name else ""
        token = sites.session_token(site)
        site.close()
        server = Server(place, free_port(), kind="waitress", settings={"CRMHOST_DEV": "1"})
        try:
            with browser.opened() as chromium:
                if "readme" in chosen:
                    take_readme(chromium, f"http://127.0.0.1:{server.port}", token, end)
                    return 0
                pages = {
                    name: address
                    for name, address in (PAGES | client).items()
                    if not chosen or any(word in name for word in chosen)
                }
                for theme in ("light", "dark"):
                    for width, height in SIZES.items():
                        context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=theme)
                        base = f"http://127.0.0.1:{server.port}"
                        if not chosen or "sign-in" in chosen:
                            take(context.new_page(), f"{base}/login", f"sign-in-{theme}-{width}{end}")
                        for name in pages.keys() & DOOR:
                            take(context.new_page(), base + pages[name], f"{name}-{theme}-{width}{end}")
                        cookies = {"crmhost_session": token, frame.COOKIE: visit}
                        context.add_cookies(
                            [{"name": key, "value": value, "url": base} for key, value in cookies.items()]
                        )  # type: ignore[typeddict-item]
                        page = context.new_page()
                        for name, address in pages.items():
                            if name in DOOR:
                                continue
                            take(page, base + address.format(**numbers), f"{name}-{theme}-{width}{end}")
                        context.close()
        finally:
            server.close()
    print(f"{len(list(OUT.glob('*.png')))} pictures in {OUT.name}/")
    return 0


def take_readme(chromium: Browser, base: str, token: str, end: str) -> None:
    """The pictures of the README: what one sees at first of a few pages; of another theme the dashboard alone."""
    README.mkdir(exist_ok=True)
    for name, colours in SHOWN.items() if not end else [("dashboard", "light")]:
        context = chromium.new_context(viewport={"width": 1280, "height": 800}, color_scheme=colours)  # type: ignore[arg-type]
        context.add_cookies([{"name": "crmhost_session", "value": token, "url": base}])
        page = context.new_page()
        page.goto(base + PAGES[name].format(contact=2), wait_until="networkidle")
        page.screenshot(path=README / f"{name}{end}.png")
        context.close()


def take(page: Page, address: str, name: str) -> None:
    """One picture of the whole page; says what the browser complained of."""
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type in ("error", "warning") else None)
    page.goto(address, wait_until="networkidle")
    page.screenshot(path=OUT / f"{name}.png", full_page=True)
    for problem in problems:
        if "404" not in problem or "nowhere" not in address:
            print(f"{name}: {problem}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
