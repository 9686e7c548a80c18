"""Pictures of contacts: uploaded, made small, shown, removed, exported, erased."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from PIL import Image

from crmhost.core.contacts import pictures
from crmhost.core.contacts import services as contacts
from crmhost.core.files.models import File
from crmhost.core.privacy import erasing, exporting
from crmhost.errors import Invalid
from crmhost.testing import Host
from tests.unit.web.conftest import Reader
from tests.unit.web.people import ONE, people, stored


def drawn(kind: str = "JPEG", size: tuple[int, int] = (600, 400), **more: Any) -> bytes:
    """A picture: red at the left, blue at the right."""
    image = Image.new("RGB", size, "blue")
    image.paste("red", (0, 0, size[0] // 2, size[1]))
    out = io.BytesIO()
    image.save(out, kind, **more)
    return out.getvalue()


def upload(reader: Reader, contact: int, data: bytes) -> Any:
    return reader.post(f"/contacts/{contact}/picture", {"picture": (io.BytesIO(data), "me.jpg")})


def kept(site: Host) -> list[int]:
    """Numbers of the files of pictures."""
    with site.work() as work:
        return [file.id for file in work.session.query(File).filter_by(owner="contacts").order_by(File.id)]


def test_a_picture_is_shown_replaced_and_removed(site: Host, reader: Reader) -> None:
    """On the page and in the list, for who may see the contact; the file of one that is replaced or removed goes."""
    [contact] = people(site, 1)
    assert upload(reader, contact, drawn()).status_code == 303
    [first] = kept(site)
    place = f'src="/storage/{first}?show=1"'
    assert place in reader.get(f"/contacts/{contact}").text
    assert place in reader.get("/contacts/").text
    with reader.get(f"/storage/{first}?show=1") as shown:
        assert (shown.status_code, shown.mimetype) == (200, "image/webp")
        with Image.open(io.BytesIO(shown.data)) as small:
            assert small.size == (256, 256)
    assert Reader(site, "CRM manager", only_assigned=True).get(f"/storage/{first}?show=1").status_code == 404
    upload(reader, contact, drawn("PNG"))
    [second] = kept(site)
    assert second != first
    reader.post(f"/contacts/{contact}/picture", {"do": "remove"})
    assert kept(site) == []
    assert stored(site)[0].avatar == ""
    assert "/storage/" not in reader.get(f"/contacts/{contact}").text


@ONE
def test_what_is_no_picture_is_refused_in_words(site: Host, reader: Reader) -> None:
    """Nothing is kept, nothing fails."""
    [contact] = people(site, 1)
    huge = drawn("PNG", (9000, 9000))
    for wrong in (b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a", drawn()[:200], huge):
        assert upload(reader, contact, wrong).status_code == 303
        assert "no picture that can be read" in reader.toasts(), wrong[:10]
    assert reader.post(f"/contacts/{contact}/picture", {}).status_code == 303
    assert "Choose a picture first." in reader.toasts()
    assert upload(Reader(site, "Read only"), contact, drawn()).status_code == 403
    assert upload(Reader(site, "CRM manager", only_assigned=True), contact, drawn()).status_code == 404
    assert kept(site) == []


def test_only_the_pixels_stay() -> None:
    """A picture is turned as its camera says, and keeps nothing of what the camera wrote into it."""
    exif = Image.Exif()
    exif[0x0112] = 3
    exif[0x010F] = "Camera of the tests"
    with Image.open(io.BytesIO(pictures.small(io.BytesIO(drawn(exif=exif))))) as small:
        assert dict(small.getexif()) == {}
        red, _green, blue = small.convert("RGB").getpixel((5, 128))  # type: ignore[misc]
        assert blue > 200 > red
    with pytest.raises(Invalid):
        pictures.small(io.BytesIO(b"x" * (pictures.LARGEST + 1)))


@ONE
def test_a_picture_is_part_of_an_export_and_goes_with_the_person(site: Host, reader: Reader) -> None:
    """The archive holds the file; erasing deletes it. A text that names another's file deletes nothing."""
    [contact, other] = people(site, 2)
    upload(reader, contact, drawn())
    with site.work("Admin") as work, work.begin():
        contacts.update(work, other, {"avatar": f"file:{kept(site)[0]}"})
        pictures.remove(work, other)
    assert len(kept(site)) == 1
    archive = io.BytesIO()
    with site.work("Admin") as work:
        exporting.write_archive(work, contact, archive)
    with zipfile.ZipFile(archive) as zipped:
        assert any(name.endswith("picture.webp") for name in zipped.namelist())
        assert f"file:{kept(site)[0]}" in json.dumps(json.loads(zipped.read("data.json")))
    with site.work("Admin") as work, work.begin():
        erasing.erase(work, contact)
    assert kept(site) == []
