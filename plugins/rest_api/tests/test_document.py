"""The OpenAPI document, the pages about it, and how well the API keeps to it."""

from __future__ import annotations

import contextlib
import re
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from openapi_spec_validator import validate

from crmhost.testing import Host

from .conftest import PREFIX, Client


def test_the_document_is_valid_openapi_3_1(host: Callable[..., Host]) -> None:
    """The document of all bundled plugins passes the validator, says how to sign in and what an error looks like."""
    api = Client(host("rest_api", "funnel"))
    answer = api("GET", "/openapi.json")
    document = answer.json
    validate(document)
    assert document["openapi"].startswith("3.1")
    assert document["security"] == [{"token": []}]
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    problem = document["components"]["responses"]["Problem"]["content"]
    assert set(problem) == {"application/problem+json"}
    assert "/api/v1/funnel" in document["paths"]
    again = api("GET", "/openapi.json", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_every_resource_of_every_plugin_is_described(notebook: Client) -> None:
    """Each address and method below the prefix stands in the document, also those of a plugin from outside."""
    app = notebook.host.generation.app
    assert app is not None
    served = {
        (re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(PREFIX)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    document = notebook.get("/openapi.json")
    described = {(path, method) for path, operations in document["paths"].items() for method in operations}
    assert served == described
    identities = [item["operationId"] for operations in document["paths"].values() for item in operations.values()]
    assert len(identities) == len(set(identities))


def test_what_holds_for_all_is_said_of_all(notebook: Client) -> None:
    """Writes take an Idempotency-Key, everything may answer with a problem, and a plugin's filters stand with the list."""
    document = notebook.get("/openapi.json")
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            names = [parameter["name"] for parameter in operation.get("parameters", ())]
            assert ("Idempotency-Key" in names) == (method in ("post", "patch", "delete")), (path, method)
            assert len(names) == len(set(names))
            assert operation["responses"]["default"] == {"$ref": "#/components/responses/Problem"}
            assert operation["summary"], (path, method)
            assert (operation.get("security") == []) == (path in (f"{PREFIX}/openapi.json", f"{PREFIX}/docs"))
    listed = document["paths"][f"{PREFIX}/contacts"]["get"]["parameters"]
    assert "named" in [parameter["name"] for parameter in listed]
    assert {tag["name"] for tag in document["tags"]} >= {"Contacts", "Notebook", "Settings"}


def test_schemas_of_one_name_do_not_take_each_other_s_place(notebook: Client) -> None:
    """Two plugins may call a schema the same: each is described as it is, and nobody is warned of it."""
    app = notebook.host.generation.app
    assert app is not None
    app.extensions.pop("rest_api_document", None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        schemas = notebook.get("/openapi.json")["components"]["schemas"]
    assert "first_name" in schemas["Contact"]["properties"]
    assert schemas["NotebookContact"]["properties"].keys() == {"limit"}


def test_the_documentation_reads_without_signing_in_and_without_scripts_of_others(notebook: Client) -> None:
    """The page is open to all, names every operation, and holds to the site's content policy."""
    answer = notebook.http.get(f"{PREFIX}/docs")
    assert answer.status_code == 200
    page = answer.text
    for path, operations in notebook.get("/openapi.json")["paths"].items():
        assert path in page
        assert all(f'id="{operation["operationId"]}"' in page for operation in operations.values())
    assert "Notebook" in page
    assert "style=" not in page
    assert not re.search(r"\son\w+=", page)
    assert all("importmap" in tag or 'src="/static/' in tag for tag in re.findall(r"<script[^>]*>", page))
    assert not re.search(r"(?:src|href)=\"https?://", page)
    assert "docs.css" in page
    style = re.search(r'href="([^"]+docs\.css)"', page)
    assert style is not None
    assert notebook.http.get(style[1]).status_code == 200


@pytest.mark.slow
@pytest.mark.database("sqlite")
def test_the_api_keeps_to_its_document(host: Callable[..., Host]) -> None:
    """Schemathesis, which makes requests from the document, finds no failure, no undescribed answer and nothing wrongly taken."""
    import schemathesis
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis.errors import Unsatisfiable
    from schemathesis import checks
    from schemathesis.generation import GenerationMode

    api = Client(host("rest_api", "funnel"))
    number = api.add(first_name="Ada", email="ada@example.com", tags=["VIP"])
    assert number == 1
    # Every request below carries the token: what is left out on purpose must be something else.
    open_to_all = {name: value for name, value in api.get("/openapi.json").items() if name != "security"}
    schema = schemathesis.openapi.from_dict(open_to_all)
    wanted = [
        checks.not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_headers_conformance,
        checks.response_schema_conformance,
        checks.negative_data_rejection,
    ]
    tried = 0
    config = settings(
        max_examples=4,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.path.endswith(("/docs", "/enable", "/disable")):
            continue

        def attempt(case: Any) -> None:
            nonlocal tried
            tried += 1
            sent = case.as_transport_kwargs(base_url="http://localhost")
            sent.pop("cookies", None)
            sent.pop("timeout", None)
            url = sent.pop("url").removeprefix("http://localhost")
            headers = {
                **dict(sent.pop("headers", {})),
                "Authorization": f"Bearer {api.token}",
                "Accept-Encoding": "identity",
            }
            answer = api.http.open(
                url,
                method=sent.pop("method"),
                query_string=sent.pop("params", None),
                json=sent.pop("json", None),
                data=sent.pop("data", None),
                headers=headers,
            )
            case.validate_response(answer, checks=wanted)

        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            # An operation that takes nothing can't be sent anything wrong.
            with contextlib.suppress(Unsatisfiable):
                config(given(case=operation.as_strategy(generation_mode=mode))(attempt))()
    assert tried > 100
    assert api.host.faults() == []
