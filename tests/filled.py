"""A site with something on every page: demo data, and what they leave out."""

from __future__ import annotations

from crmhost import demo
from crmhost.host import lifecycle
from crmhost.site import Site
from tests import (
    accounts,
    campaigns,
    clients,
    duplicates,
    fields,
    imports,
    invoiced,
    mails,
    papers,
    sales,
    shops,
    webhooks,
)


def fill(site: Site, contacts: int = 250) -> None:
    """Adds everything to a site on which the bundled plugins are on.

    A new kind of record gets its examples here, or some of its pages are neither tested nor in the pictures.
    """
    lifecycle.enable(site, ["companies"], try_first=False)
    demo.load(site, contacts)
    webhooks.some(site)
    duplicates.some(site)
    mails.some(site)
    campaigns.some(site)
    campaigns.to_companies(site)
    campaigns.sequences(site)
    fields.some(site)
    imports.some(site)
    sales.some(site)
    invoiced.some(site)
    papers.some(site)
    clients.some(site)
    shops.some(site)
    accounts.some(site)
