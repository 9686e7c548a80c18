"""A client of the API with a token, and a site with a plugin that brings resources of its own."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from crmhost.api import users
from crmhost.testing import Host

PREFIX = "/api/v1"


def client_of(host: Host) -> FlaskClient:
    """A client that sends nothing of its own: no cookie, no form token."""
    http = host.client("")
    http.forges = True  # type: ignore[attr-defined]
    return http


class Client:
    """Sends requests with a token of a user who has a role."""

    def __init__(self, host: Host, role: str = "Admin", **fields: Any) -> None:
        self.host = host
        self.http = client_of(host)
        actor = host.actor(role, **fields)
        with host.work() as work, work.begin():
            self.user_id = actor.user_id or 0
            self.token = users.make_token(work, users.get(work, self.user_id), "test")

    def __call__(self, method: str, path: str, json: Any = None, **options: Any) -> TestResponse:
        """Sends a request; ``headers`` come on top of the token."""
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        return self.http.open(PREFIX + path, method=method, json=json, headers=headers, **options)

    def get(self, path: str, **options: Any) -> Any:
        """The document at an address, which must be there."""
        answer = self("GET", path, **options)
        assert answer.status_code == 200, answer.text
        return answer.json

    def add(self, **fields: Any) -> int:
        """Adds a contact; gives its id."""
        answer = self("POST", "/contacts", fields)
        assert answer.status_code == 201, answer.text
        return int(answer.json["data"]["id"])


@pytest.fixture
def site(host: Callable[..., Host]) -> Host:
    """A site with the API alone."""
    return host("rest_api")


@pytest.fixture
def api(site: Host) -> Client:
    """An admin's client."""
    return Client(site)


LEDGER = '''
    """A plugin with records of its own in the API."""
    import marshmallow as ma
    from flask_smorest import Blueprint
    from crmhost.api import Filter, Contact, Invalid, contacts
    from crmhost.hooks import hookimpl
    from crmhost.web.api import current_work, requires, writing

    blueprint = Blueprint("notebook_api", __name__, url_prefix="/notebook", description="Notes.")

    class Contact_(ma.Schema):
        first_name = ma.fields.String(required=True)

    class Names(ma.Schema):
        names = ma.fields.List(ma.fields.String(), required=True)

    class Contact(ma.Schema):
        """Another record called like one of the core."""
        limit = ma.fields.Integer()

    @blueprint.get("")
    @blueprint.arguments(Contact, location="query")
    @blueprint.response(200, Contact)
    def read(query):
        """Gives what it was given."""
        return query

    @blueprint.post("")
    @blueprint.arguments(Names)
    def add(document):
        """Adds people one by one; those without a name are passed over."""
        added = []
        for name in document["names"]:
            try:
                with writing() as work:
                    contact = contacts.create(work, {"first_name": name or "nobody"})
                    if not name:
                        raise Invalid("no name")
                    added.append(contact.id)
            except Invalid:
                pass
        return {"data": added}

    @blueprint.post("/refuse")
    def refuse():
        """Changes something, then says no without raising."""
        with writing() as work:
            contacts.create(work, {"first_name": "Left over"})
        return {"said": "no"}, 409

    @blueprint.get("/crash")
    def crash():
        """Fails."""
        raise RuntimeError("a secret of the server")

    class Plugin:
        @hookimpl
        def api_blueprints(self):
            return [blueprint]

        @hookimpl
        def contact_filters(self):
            from crmhost.api import Contact as Model
            return [Filter(id="named", label="First name", condition=lambda work, text: Model.first_name == text)]

        @hookimpl
        def rest_api_event_data(self, event, ids):
            if event == "page.torn" or not event.startswith("page."):
                return None
            return {number: {"id": number, "page": "three"} for number in ids if number == 3}

        @hookimpl
        def rest_api_contact_values(self, contact_ids):
            return {number: {"total": {"amount": number * 100, "currency": "EUR"}} for number in contact_ids}
'''


@pytest.fixture
def notebook(host: Callable[..., Host], tmp_path: Path) -> Client:
    """A client of a site on which a plugin from outside brings resources, a filter and the value of contacts."""
    folder = tmp_path / "home" / "plugins" / "notebook"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(textwrap.dedent(LEDGER).lstrip())
    manifest = (
        'id = "notebook"\nname = "Notebook"\nversion = "1.0.0"\napi = ">=1,<2"\n[requires]\noptional = ["rest_api"]\n'
    )
    (folder / "plugin.toml").write_text(manifest)
    made = host("rest_api", plugin_folders=(("bundled", Path.cwd() / "plugins"), ("home", folder.parent)))
    made.enable("notebook")
    return Client(made)
