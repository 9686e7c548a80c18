"""A bare site for scripts alone: pages are given by the test, the policy is the product's own."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response, request, send_from_directory
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from tests.peers import browser

if os.environ.get("CRMHOST_TEST_FAST"):
    collect_ignore_glob = ["test_*.py"]

DIST = Path(__file__).parents[2] / "crmhost" / "web" / "static" / "dist"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


# Milliseconds; a machine that runs other tests beside is slow at times.
PATIENCE = 20_000
expect.set_options(timeout=PATIENCE)


class Site:
    """Pages and answers by path; remembers what was asked for."""

    def __init__(self) -> None:
        self.answers: dict[str, Callable[[], Any]] = {}
        self.asked: list[tuple[str, str, dict[str, list[str]]]] = []
        self.app = Flask(__name__, static_folder=None)
        self.app.add_url_rule("/static/<path:name>", view_func=self._static)
        self.app.add_url_rule("/", defaults={"path": ""}, view_func=self._answer, methods=["GET", "POST"])
        self.app.add_url_rule("/<path:path>", view_func=self._answer, methods=["GET", "POST"])
        self.app.after_request(self._harden)
        self.server = make_server("127.0.0.1", 0, self.app, threaded=True)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        self.files = json.loads((DIST / "manifest.json").read_text())

    def page(self, path: str, body: str, head: str = "", html: str = "") -> None:
        """Says what a path answers: a page with this body."""
        self.answer(path, lambda: self.document(body, head, html))

    def answer(self, path: str, answer: Callable[[], Any]) -> None:
        self.answers[path] = answer

    def document(self, body: str, head: str = "", html: str = "") -> str:
        """A page with the bundle, as the product's layout has it."""
        return (
            f'<!doctype html><html lang="en" data-icons="/static/{self.files["icons.svg"]}" '
            f'data-choices-css="/static/{self.files["choices.css"]}" {html}><head><meta charset="utf-8"><title>Trial</title>'
            f'<link rel="icon" href="data:,"><meta name="csrf-token" content="token-1">{head}'
            f'<link rel="stylesheet" href="/static/{self.files["core.css"]}">'
            f'<script type="module" src="/static/{self.files["core.js"]}"></script></head><body>{body}</body></html>'
        )

    def asked_for(self, path: str) -> list[dict[str, list[str]]]:
        """The fields of each request for a path, in order."""
        return [fields for _, asked, fields in self.asked if asked == path]

    def _static(self, name: str) -> Response:
        # Read and closed at once: a file that is being sent stays open when the browser goes on to another page.
        with send_from_directory(DIST, name) as file:
            file.direct_passthrough = False
            return Response(file.get_data(), mimetype=file.mimetype)

    def _answer(self, path: str) -> Any:
        self.asked.append((request.method, f"/{path}", {name: request.values.getlist(name) for name in request.values}))
        answer = self.answers.get(f"/{path}")
        return answer() if answer else Response("nothing here", 404)

    def _harden(self, answer: Response) -> Response:
        answer.headers["Content-Security-Policy"] = POLICY
        return answer


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with browser.opened() as opened:
        yield opened


@pytest.fixture
def site() -> Iterator[Site]:
    running = Site()
    thread = threading.Thread(target=running.server.serve_forever, daemon=True)
    thread.start()
    yield running
    running.server.shutdown()
    thread.join()
    running.server.server_close()


@pytest.fixture
def page(chromium: Browser, site: Site) -> Iterator[Page]:
    """A page of the trial site; at the end it must have broken no rule of the policy and thrown no error."""
    context = chromium.new_context(base_url=site.address, viewport={"width": 1200, "height": 800})
    opened = context.new_page()
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
    opened.set_default_timeout(PATIENCE)
    yield opened
    context.close()
    assert wrong == []
