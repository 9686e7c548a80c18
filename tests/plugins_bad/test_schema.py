"""Migrations that fail or reach too far: the schema is as before, on both databases."""

from __future__ import annotations

import shutil

import pytest
from sqlalchemy import text

from crmhost.errors import PluginError
from tests.plugins_bad.conftest import Workshop

TABLE = "op.create_table('{name}', sa.Column('id', sa.Integer, primary_key=True){more})\n"
CONTACT = ", sa.Column('contact_id', sa.Integer, sa.ForeignKey('contacts_contact.id'{rule}))"
#: What of others a migration may reach for -> how.
TOUCHING = {
    "column": "op.add_column('contacts_contact', sa.Column('bad', sa.Integer))",
    "dropped": "op.drop_table('journal_entry')",
    "index": "op.create_index('ix_bad', 'contacts_contact', ['notes'])",
    "renamed": "op.alter_column('contacts_contact', 'notes', new_column_name='bad')",
    "foreign": TABLE.format(name="someone_else", more=""),
}


def test_refused(shop: Workshop) -> None:
    """A migration that fails, or touches a table that is not the plugin's, is refused and leaves nothing of what it did."""
    # Half way.
    up = TABLE.format(name="bad_half_one", more="") + "op.execute('INSERT INTO bad_half_one VALUES (1)')\n1 / 0"
    shop.make("bad_half", files=shop.migration(up))
    shop.refused("bad_half", says="ZeroDivisionError")
    # The second of two: the first is taken back too.
    files = {
        **shop.migration(TABLE.format(name="bad_second_one", more="")),
        **shop.migration("op.execute('SELECT * FROM no_such_table')", revision="0002", after="0001"),
    }
    shop.make("bad_second", files=files)
    shop.refused("bad_second", says="no_such_table")
    # No Python.
    shop.make("bad_script", files={"migrations/versions/0001.py": "revision = "})
    shop.refused("bad_script", says="can't be read")
    # Two that both want to be the newest.
    shop.make("bad_heads", files={**shop.migration("pass"), **shop.migration("pass", revision="0002")})
    shop.refused("bad_heads", says="multiple heads")
    for name, up in TOUCHING.items():
        shop.make(f"bad_touch_{name}", files=shop.migration(up))
        shop.refused(f"bad_touch_{name}", says="touches|taken back|depend")


def test_refused_later(shop: Workshop) -> None:
    """Refused is a foreign key to the core that does not say what happens when the record goes, or keeps it from going, and an
    ``on_enable`` that fails; the migrations before it are taken back.
    """
    up = TABLE.format(name="bad_key_row", more=CONTACT.format(rule=""))
    shop.make("bad_key", files=shop.migration(up, "op.drop_table('bad_key_row')"))
    shop.refused("bad_key", says=r"bad_key_row\.contact_id.*CASCADE")
    up = TABLE.format(name="bad_strict_row", more=CONTACT.format(rule=", ondelete='RESTRICT'"))
    shop.make("bad_strict", files=shop.migration(up, "op.drop_table('bad_strict_row')"))
    shop.refused("bad_strict", says="CASCADE")
    body = "@hookimpl\ndef on_enable(self, work):\n    {}\n"
    for name, line in (
        ("raises", "1 / 0"),
        ("sql", "work.session.execute(__import__('sqlalchemy').text('SELECT nope'))"),
    ):
        up = TABLE.format(name=f"bad_on_{name}_row", more="")
        shop.make(f"bad_on_{name}", body.format(line), files=shop.migration(up))
        shop.refused(f"bad_on_{name}", says="on_enable failed")


def test_longer_id(shop: Workshop) -> None:
    """A table belongs to the plugin with the longest id that begins its name: another may neither change nor drop it."""
    own = TABLE.format(name="bad_sales_plans_deal", more="")
    shop.make("bad_sales_plans", files=shop.migration(own, "op.drop_table('bad_sales_plans_deal')"))
    shop.make("bad_sales", files=shop.migration("op.add_column('bad_sales_plans_deal', sa.Column('bad', sa.Integer))"))
    shop.make("bad_sales_two", files=shop.migration(TABLE.format(name="bad_sales_two_row", more="")))
    shop.host.enable("bad_sales_plans")
    schema = shop.schema()
    says = "touches “bad_sales_plans_deal”, a table of “bad_sales_plans”"
    with pytest.raises(PluginError, match=says):
        shop.host.enable("bad_sales")
    # Also when its files are gone: its tables are still there.
    shop.host.disable("bad_sales_plans")
    shutil.rmtree(shop.folder / "bad_sales_plans")
    with pytest.raises(PluginError, match=says):
        shop.host.enable("bad_sales")
    assert shop.host.uninstall("bad_sales") == []
    assert shop.schema() == schema
    # And before it was ever enabled.
    shop.make("bad_sales_next", files=shop.migration(TABLE.format(name="bad_sales_next_row", more="")))
    shop.make("bad_sales", files=shop.migration(TABLE.format(name="bad_sales_next_row", more="")))
    with pytest.raises(PluginError, match="a table of “bad_sales_next”"):
        shop.host.enable("bad_sales")


def test_newer_database(shop: Workshop) -> None:
    """A database that is newer than the code is not touched: the newer version is asked for."""
    files = {
        **shop.migration(TABLE.format(name="bad_old_row", more=""), "op.drop_table('bad_old_row')"),
        **shop.migration("pass", revision="0002", after="0001"),
    }
    shop.make("bad_old", files=files)
    shop.host.enable("bad_old")
    shop.host.disable("bad_old")
    (shop.folder / "bad_old" / "migrations" / "versions" / "0002.py").unlink()
    with pytest.raises(Exception, match="install the newer version again"):
        shop.host.enable("bad_old")
    assert shop.host.state("bad_old") == "disabled"
    with shop.host.site.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM bad_old_row")) == 0
    assert shop.host.uninstall("bad_old") == ["bad_old_row"]
    shop.unharmed()


def test_upgrade_fails(shop: Workshop) -> None:
    """When the migration of an update fails, the plugin is suspended, and others and the schema stay."""
    shop.make(
        "bad_update",
        files=shop.migration(TABLE.format(name="bad_update_row", more=""), "op.drop_table('bad_update_row')"),
    )
    shop.make("bad_neighbour")
    shop.host.enable("bad_update", "bad_neighbour")
    schema = shop.schema()
    more = shop.migration(TABLE.format(name="bad_update_more", more="") + "1 / 0", revision="0002", after="0001")
    for name, content in more.items():
        (shop.folder / "bad_update" / name).write_text(content)
    assert "ZeroDivisionError" in shop.host.upgrade()["bad_update"]
    assert shop.host.state("bad_update") == "suspended"
    assert shop.host.state("bad_neighbour") == "enabled"
    assert shop.schema() == schema
    shop.pages()
