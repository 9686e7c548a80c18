"""A site with files, and short ways to send some."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import func, select

from crmhost.testing import Host
from plugins.files import services
from plugins.files.models import Entry

PART = 64 * 1024


def picture(side: int = 800) -> bytes:
    """A picture as PNG."""
    out = io.BytesIO()
    Image.new("RGB", (side, side // 2), "teal").save(out, "PNG")
    return out.getvalue()


class Shelf:
    """Short ways to send files to a site and to look at them."""

    def __init__(self, crm: Host) -> None:
        self.crm = crm
        self.ann = crm.make.contact(first_name="Ann", email="ann@example.com")

    def begin(self, client: FlaskClient, size: int, name: str = "a.txt", **more: object) -> Any:
        """Begins an upload for the contact Ann; gives the answer."""
        said = {"filename": name, "object_type": "contact", "object_id": self.ann, **more}
        coded = ",".join(f"{key} {base64.b64encode(str(value).encode()).decode()}" for key, value in said.items())
        return client.post("/files/uploads/", headers={"Upload-Length": str(size), "Upload-Metadata": coded})

    def part(self, client: FlaskClient, where: str, offset: int, content: bytes, **more: Any) -> Any:
        """Sends a part; gives the answer."""
        headers = {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
        return client.patch(where, **(more if more else {"data": content}), headers=headers)

    def send(self, client: FlaskClient, content: bytes, name: str = "a.txt", **more: object) -> Any:
        """Sends a whole file in parts; gives the answer to the last request."""
        begun = self.begin(client, len(content), name, **more)
        if begun.status_code != 201:
            return begun
        for start in range(0, len(content), PART):
            answer = self.part(client, begun.location, start, content[start : start + PART])
            if answer.status_code != 204:
                return answer
        return client.post(f"{begun.location}/finish")

    def add(self, content: bytes = b"hello", name: str = "a.txt", role: str = "", **fields: Any) -> int:
        """Adds a file by the service; gives its id."""
        kind, number = fields.pop("object_type", "contact"), fields.pop("object_id", self.ann)
        with self.crm.work(role) as work:
            prepared = services.stage(work, kind, number, content, name=name)
            with work.begin():
                return services.add(work, prepared, **fields).id

    def number(self, model: Any = Entry) -> int:
        """How many rows a table has."""
        with self.crm.work() as work:
            return int(work.session.scalar(select(func.count()).select_from(model)) or 0)

    def bytes_of(self, entry_id: int) -> bytes:
        """What is downloaded."""
        with self.crm.work() as work:
            file_id = services.get(work, entry_id).file_id
        with self.crm.client().get(f"/storage/{file_id}") as answer:
            return bytes(answer.data)

    def objects(self) -> int:
        """How many objects lie in the storage."""
        with self.crm.work() as work:
            return len(list(work.storage.list()))

    def set(self, **settings: str) -> None:
        """Changes settings of the plugin."""
        for key, value in settings.items():
            done = self.crm.cli("settings", "set", f"files.{key}", value)
            assert done.exit_code == 0, done.output


def message(answer: Any) -> str:
    """The sentence of an answer."""
    return str(json.loads(answer.data)["message"])


@pytest.fixture
def shelf(host: Callable[..., Host]) -> Shelf:
    """A site with files."""
    return Shelf(host("files"))
