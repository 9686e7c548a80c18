"""The extension of the page on custom fields works."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from crmhost.api import custom_fields
from crmhost.core.fields.models import Field, FieldValue
from crmhost.host import check
from crmhost.testing import Host

PAGE = Path(__file__).resolve().parents[2] / "docs" / "authors" / "fields.md"
BLOCK = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)


@pytest.mark.database("sqlite")
def test_boats_have_custom_fields(host: Callable[..., Host], tmp_path: Path) -> None:
    """Defined beside those of contacts, in the form, checked, shown, asked for, and gone with the extension."""
    folder = tmp_path / "home" / "plugins" / "boats"
    for name, block in BLOCK.findall(PAGE.read_text("utf-8")):
        path = folder.parent / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block, "utf-8")
    wrong = [str(finding) for finding in check.check(folder)]
    assert [line for line in wrong if "README" not in line and "test" not in line] == []

    site = host("boats")
    client = site.client()
    assert "Custom fields: Boats" in client.get("/settings/field-options/").text
    length = {"label": "Length", "filterable": "y", "required": "y"}
    assert client.post("/settings/field-options/fields/new?kind=number&object=boat", data=length).status_code == 303
    answer = client.post("/boats/new", data={"name": "Ark", "custom.length": "long"})
    assert (answer.status_code, "This must be a number." in answer.text) == (422, True)
    assert "Fill in “Length”" in client.post("/boats/new", data={"name": "Ark"}).text
    address = client.post("/boats/new", data={"name": "Ark", "custom.length": "137.5"}).location
    assert "137.5" in client.get(address).text
    from plugins.boats import services  # type: ignore[import-not-found]

    with site.work("Admin") as work:
        assert [boat.name for boat in services.having(work, "length", "gte", 100)] == ["Ark"]
        (field,) = custom_fields.definitions(work, "boat")
        with work.begin():
            custom_fields.change(work, field.id, {"filterable": False})
            custom_fields.change(work, field.id, {"filterable": True})
        assert [boat.name for boat in services.having(work, "length", "lt", 200)] == ["Ark"]
        with work.begin():
            services.save(work, None, {"name": "Raft", "custom": {"length": 3}})
            services.remove(work, 1)
        assert work.session.scalars(select(FieldValue.number)).all() == [3.0]
    site.uninstall("boats")
    with site.site.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(Field)) == 0
        assert connection.scalar(text("SELECT count(*) FROM fields_value")) == 0
