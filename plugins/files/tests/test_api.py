"""Files in the REST API."""

from __future__ import annotations

import io
from collections.abc import Callable

from crmhost.testing import Host
from plugins.files.tests.conftest import Shelf


def test_a_file_goes_through_the_api(host: Callable[..., Host]) -> None:
    """Added, listed, read, downloaded, changed and deleted; what is wrong is said, and rights hold."""
    shelf = Shelf(host("files", "rest_api"))
    api, address = shelf.crm.api(), "/api/v1/files"
    given = {
        "file": (io.BytesIO(b"hello"), "../a b.txt"),
        "object_type": "contact",
        "object_id": str(shelf.ann),
        "kind": "report",
    }
    made = api.post(address, data={**given, "file": (io.BytesIO(b"hello"), "../a b.txt")})
    assert made.status_code == 201, made.text
    one = made.json["data"]
    assert (one["name"], one["kind"], one["size"], one["media_type"]) == ("a b.txt", "Report", 5, "text/plain")
    listed = api.get(f"{address}?object_type=contact&object_id={shelf.ann}&count=1").json
    assert ([item["id"] for item in listed["data"]], listed["total"]) == ([one["id"]], 1)
    where = f"{address}/{one['id']}"
    with api.get(f"{where}/content") as answer:
        assert (answer.data, answer.headers["X-Content-Type-Options"]) == (b"hello", "nosniff")
        assert answer.headers["Content-Disposition"].startswith("attachment")
    changed = api.patch(where, json={"description": "x", "portal": True}, headers={"If-Match": '"1"'})
    assert changed.status_code == 200, changed.text
    assert changed.json["data"]["portal"] is True
    assert api.patch(where, json={"kind": ""}, headers={"If-Match": '"1"'}).status_code == 412
    assert api.patch(where, json={"kind": "Nonsense"}).status_code == 422
    assert api.post(address, data={"object_type": "contact"}).status_code == 422
    assert api.post(address, data={**given, "file": (io.BytesIO(b"MZ\x00\x01"), "a.txt")}).status_code == 422
    assert api.get(f"{address}?what=1").status_code == 422
    reader = shelf.crm.api("Read only")
    assert reader.get(where).status_code == 200
    assert reader.delete(where).status_code == 403
    assert api.delete(where).status_code == 204
    assert api.get(where).status_code == 404
    assert shelf.crm.faults() == []
