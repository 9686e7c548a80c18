"""A campaign of blocks: from a layout to the mails, with pictures that everybody who got one can see."""

from __future__ import annotations

import json
import re
from io import BytesIO
from typing import Any

import pytest

from crmhost.testing import Host
from plugins.mail_campaigns import services, uses
from plugins.mail_campaigns.tests.conftest import stored
from tests.peers import smtp

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


@pytest.mark.database("sqlite")
def test_a_campaign_of_blocks(site: Host, peer: smtp.Peer) -> None:
    """Begun with a layout, saved while something is missing, sent when nothing is; what is wrong is said, and nothing is lost."""
    site.make.contact(first_name="Ann", email="ann@example.org")
    client = site.client("CRM manager")
    assert "Newsletter" in client.get("/campaigns/new").text
    assert client.post("/campaigns/new", data={"template": "layout:nothing"}).status_code == 404
    step = client.post("/campaigns/new", data={"template": "layout:newsletter"}).location.removesuffix("/subject")
    number = int(step.split("/")[2])
    assert "##" not in stored(site, number).content
    assert "data-blocks" in client.get(f"{step}/content").text

    def post(document: Any, path: str = "content", **more: Any) -> Any:
        said = document if isinstance(document, str) else json.dumps(document)
        version = str(stored(site, number).version)
        return client.post(f"{step}/{path}", data={"kind": "blocks", "blocks": said, "version": version, **more})

    with site.work("CRM manager") as work, work.begin():
        everybody = {"include": [{"all": True}]}
        services.update(work, number, {"name": "May", "subject": "News", "audience": everybody})
    page = client.get(f"{step}/review").text
    assert "Block 7 (Button), Address: This is missing." in page
    for wrong in (
        "{",
        "[]",
        '{"blocks": [7]}',
        '{"blocks": [{"type": "button", "href": "javascript:x", "text": "mine"}]}',
    ):
        answer = post(wrong)
        assert answer.status_code == 422, wrong
        assert "Not saved yet" in answer.text
        assert post(wrong, "preview").status_code == 200
        assert client.post("/mail/blocks/source", data={"blocks": wrong}).status_code == 422
    assert "mine" in answer.text
    picture = str(client.post("/mail/pictures", data={"file": (BytesIO(PNG), "a.png")}).json["src"])
    document = {
        "blocks": [
            {"type": "heading", "text": "Dear {{ contact.first_name }} <b>"},
            {"type": "picture", "src": picture, "alt": "A house"},
            {"type": "html", "html": "<i>by hand</i><script>x</script>"},
        ]
    }
    answer = post(document)
    assert answer.location == f"{step}/review", re.findall(r"crm-note bad.*?</ul>", answer.text, re.DOTALL)
    assert "##UNSUB-LINE##" in client.get(f"{step}/review").text
    document["blocks"].append({"type": "footer"})
    post(document)
    assert "prefers-color-scheme" not in post(document, "preview", scheme="dark").text
    assert "Dear Ann &lt;b&gt;" in post(document, "preview").text
    assert "<mj-image" in client.post("/mail/blocks/source", data={"blocks": json.dumps(document)}).json["mjml"]
    client.post(f"{step}/send", data={"version": str(stored(site, number).version)})
    site.run_jobs()
    html = peer.taken[0].part("html")
    assert "<script" not in html
    (address,) = re.findall(r'src="https://crm.example.com(/mail/p/[^"]+)"', html)
    with site.client("").get(address) as shown:
        assert (shown.status_code, shown.data, shown.mimetype) == (200, PNG, "image/png")
    assert site.client("").get(f"{address}x").status_code == 404
    with site.work() as work:
        number = int(picture.removeprefix("/storage/").partition("?")[0])
        assert uses.of_pictures(work, [number, number + 1]) == {number}
