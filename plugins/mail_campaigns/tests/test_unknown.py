"""Placeholders that nothing is known as keep campaigns and sequences from going out, with the place in which they stand."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from crmhost.api import custom_fields
from crmhost.testing import Host
from plugins.mail_campaigns import running, services
from plugins.mail_campaigns.sequences import services as sequences
from plugins.mail_campaigns.sequences import steps
from plugins.mail_campaigns.tests.conftest import written

ONE = pytest.mark.database("sqlite")
KNOWN = (
    "{{ contact.custom.size }} {{ campaign.web_url }} {{ owner.phone }} {{ today }} ##BIZ-INFO## {{ unsubscribe.line }}"
)


def _said(site: Host, **given: object) -> dict[str, list[str]]:
    number = written(site, name="Any", subject="Any")
    with site.work("CRM manager") as work, work.begin():
        return running.problems(work, services.update(work, number, given))


@ONE
def test_placeholders_that_nothing_knows_are_refused(host: Callable[..., Host]) -> None:
    """In each field and kind of text, in branches that are not taken too; by the API as 422, on the review with its way out."""
    site = host("mail_campaigns", "rest_api", base_url="https://crm.example.com")
    site.make.contact(first_name="Ann", email="ann@example.org")
    with site.work() as work, work.begin():
        custom_fields.add(work, {"object": "contact", "label": "Size", "kind": "number"})
    assert _said(site, html=f"<p>{KNOWN}</p>{{% for one in (1..2) %}}{{{{ one }}}}{{% endfor %}}") == {}
    html = f"<p>{KNOWN}</p>\n{{% if foo.bar %}}x{{% endif %}}\n<p>{{{{ company.name | default: 'you' }}}} ##QUOTETITLE##</p>"
    assert _said(site, html=html)["content"] == [
        "Line 3: nothing is known as {{ company.name }}. Choose a placeholder of the list.",
        "Line 2: nothing is known as {{ foo.bar }}. Choose a placeholder of the list.",
        "Line 3: nothing is known as {{ quote.title }}. Choose a placeholder of the list.",
    ]
    others = {"subject": "Dear {{ name }}", "subjects": ["Hi {{ nick.name }}"], "test_figure": "hand"}
    found = _said(site, html=KNOWN, text="{{ unsubscribe.line }}\n{{ foo }}", **others)
    assert {field: len(some) for field, some in found.items()} == {"subject": 1, "subjects": 1, "text": 1}
    assert found["text"][0].startswith("Line 2: nothing is known as {{ foo }}")
    rows = [{"type": "heading", "text": "Hello"}, {"type": "text", "text": "<p>{{ foo.bar }}</p>"}, {"type": "footer"}]
    blocks = _said(site, content=json.dumps({"blocks": rows}), content_kind="blocks")["content"]
    assert blocks == ["Block 2 (Text): nothing is known as {{ foo.bar }}. Choose a placeholder of the list."]
    with site.work("CRM manager") as work, work.begin():
        number = sequences.create(work, {"name": "S", "audience": {"include": [{"all": True}]}}).id
        step = steps.add(work, number)
        steps.change(work, number, step.id, {"subject": "Any", "content": f"<p>{KNOWN} {{{{ foo.bar }}}}</p>"})
        (said,) = [said for _step, said in sequences.problems(work, sequences.get(work, number))]
    assert "{{ foo.bar }}" in said
    number = written(site, html=f"{KNOWN}{{{{ foo.bar }}}}")
    answer = site.api("CRM manager").post(f"/api/v1/campaigns/{number}/send", json={})
    assert answer.status_code == 422
    assert "foo.bar" in str(answer.json["errors"])
    page = site.client("CRM manager").get(f"/campaigns/{number}/review").text
    assert "Line 1: nothing is known as {{ foo.bar }}" in page
    assert f'href="/campaigns/{number}/content"' in page
