"""A site with two plugins, a shop and the stock that it needs, for the Extensions pages."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest
from sqlalchemy import select

from crmhost.testing import Host
from crmhost.work.tables import AuditEntry
from tests.unit.web.making import Maker

ONE = pytest.mark.database("sqlite")
Stock = Callable[..., Host]
MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    op.create_table("shop_order", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(20)))


def downgrade():
    op.drop_table("shop_order")
"""
SHOP = """
@hookimpl
def menu(self):
    return [api.MenuItem(label="Orders", endpoint="contacts.index")]

@hookimpl
def permissions(self):
    return [api.Permission(name="shop.view", label="See orders")]

@hookimpl
def settings(self):
    return [api.Setting(key="shop.key"), api.Setting(key="shop.kept", hidden=True)]

@hookimpl
def contact_erase(self, work, contact_id):
    pass
"""
NEEDS = """
[requires]
plugins = { stock = ">=1.0,<2" }
optional = ["parcels"]
[grants]
uses = ["contacts:read", "contacts:write", "net:configured"]
"""
STOCK = '[grants]\nuses = ["mail:send"]\n'


@pytest.fixture
def goods(stocked: Stock, maker: Maker) -> Host:
    """A site with a shop that needs the stock; both are off."""
    maker.plugin("stock", "pass", more=STOCK)
    maker.plugin("shop", SHOP, more=NEEDS, migrations__versions__0001_py=MIGRATION)
    return stocked()


def on(host: Host, *names: str) -> None:
    """Enables plugins without trying them."""
    host.enable(*names)


def card(page: str, plugin: str) -> str:
    """The card of one plugin, as text."""
    found = re.search(rf'<article class="crm-ext[^>]*aria-labelledby="name-{plugin}">.*?</article>', page, re.DOTALL)
    assert found is not None, f"no card of {plugin}"
    return words_of(found[0])


def words_of(markup: str) -> str:
    """Text of markup, with single blanks."""
    plain = re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", markup)))
    return re.sub(r" ([.,])", r"\1", plain)


def actions(host: Host) -> list[tuple[str, str]]:
    """Lines of the audit log about plugins: (action, actor)."""
    with host.site.sessions() as session:
        rows = session.scalars(select(AuditEntry).where(AuditEntry.object_type == "plugin").order_by(AuditEntry.id))
        return [(row.action, row.actor_label) for row in rows]
