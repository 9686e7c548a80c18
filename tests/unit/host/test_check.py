"""``crmhost plugin check``: each rule finds what it is for, in the right line, and a good plugin has no findings."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from crmhost.errors import PluginError
from crmhost.host.check import RULES, check, errors_of
from crmhost.host.checks.code import core_hooks

GOOD = {
    "plugin.toml": """
id = "loans"
name = "Loans"
version = "1.0"
api = ">=1,<2"
[requires]
plugins = { quotes = ">=1" }
optional = ["invoices"]
[data]
contact_refs = ["loans_loan.contact_id"]
personal = ["loans_loan.note_text"]
""",
    "__init__.py": """
from crmhost.hooks import hookimpl
from crmhost.api import Job, Permission
from . import jobs

class Plugin:
    @hookimpl
    def routes(self):
        from .routes import pages
        return [pages]

    @hookimpl(order=5)
    def permissions(self):
        return [Permission(name="loans.view", label="See loans")]

    @hookimpl
    def settings(self):
        return [{"key": "loans.days", "kind": "integer"}]

    @hookimpl
    def jobs(self):
        return [Job(kind="loans.remind", handler=jobs.remind)]

    @hookimpl
    def quotes_before_send(self, work, quote): ...

    @hookimpl(specname="within")
    def roll_up(self, changes, work): ...

    @hookimpl
    def loans_late(self, loan): ...

    def helper(self): ...
""",
    "hooks.py": """
from crmhost.hooks import hookspec

@hookspec("action")
def loans_late(work, loan):
    "A loan is late."
""",
    "models.py": """
from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship
from crmhost.api import Contact, plugin_base

Base = plugin_base("loans")

class Loan(Base):
    __tablename__ = "loans_loan"
    id: Mapped[int] = mapped_column(primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts_contact.id", ondelete="CASCADE"))
    quote_id: Mapped[int | None] = mapped_column(ForeignKey("quotes_quote.id", ondelete="SET NULL"))
    first_id: Mapped[int | None] = mapped_column(ForeignKey("loans_loan.id"))
    note: Mapped[str] = mapped_column("note_text")
    contact: Mapped[Contact] = relationship()
    parts: Mapped[list["Part"]] = relationship(back_populates="loan")
""",
    "services.py": """
import datetime
import threading
from typing import TYPE_CHECKING
from crmhost.api import Invalid, Work
from plugins.quotes.api import Quote
from plugins.quotes import api
from . import models
from .texts import title

if TYPE_CHECKING:
    from flask import Request
    from . import routes

def later():
    threading.Thread(target=print).start()

if __name__ == "__main__":
    threading.Thread(target=print).start()
""",
    "texts.py": "from crmhost import api\ntitle = str.title\n",
    "jobs.py": "from .services import later\n\ndef remind(context): ...\n",
    "routes.py": """
from flask import Blueprint
from crmhost.web.api import current_work, requires
from . import services
from plugins.loans import models

pages = Blueprint("loans", __name__)
more = Blueprint("loans_more", __name__)
""",
    "migrations/versions/0001_first.py": """
import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

def upgrade():
    op.create_table(
        "loans_loan",
        sa.Column("contact_id", sa.Integer, sa.ForeignKey("contacts_contact.id", ondelete="CASCADE")),
        sa.ForeignKeyConstraint(["quote_id"], ["quotes_quote.id"], ondelete="SET NULL"),
    )

def downgrade():
    op.drop_table("loans_loan")
""",
    "templates/loans/index.html": """{% extends "crmhost/page.html" %}
{# <script>alert(1)</script> style="x" #}
<form action="{{ url_for("loans.index", style="x") }}" {% if busy %}aria-busy="true"{% endif %}>
<button class="{{ "a" if x > 1 else "b" }}" hx-post="x">{{ _("Lend") }}</button>
<a href="https://example.com">elsewhere</a><img src="{{ picture }}" alt="">
<script type="application/json">{"a": 1}</script><script type="module" src="{{ asset }}"></script>
</form>
""",
    "templates/loans/mail/late.html": '<p style="color: red">Late</p>',
    "static/page.js": "document.onclick = 1",
    "tests/test_loans.py": "from crmhost.testing import *\nfrom plugins.loans import services\nimport flask\n",
    "README.md": "# Loans\n",
}


def write(folder: Path, files: dict[str, str]) -> Path:
    """A folder with these files."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_good_plugin(tmp_path: Path) -> None:
    """A plugin that keeps all rules has no findings."""
    assert check(write(tmp_path / "loans", GOOD)) == []


def plus(file: str, text: str) -> dict[str, str]:
    """The good plugin with more lines at the end of one file."""
    return {**GOOD, file: GOOD.get(file, "") + text}


def swap(file: str, old: str, new: str) -> dict[str, str]:
    """The good plugin with something else in one file."""
    assert old in GOOD[file]
    return {**GOOD, file: GOOD[file].replace(old, new)}


def without(*names: str) -> dict[str, str]:
    """The good plugin without some of its files."""
    return {name: text for name, text in GOOD.items() if name not in names}


def template(text: str) -> dict[str, str]:
    """The good plugin with one more page, whose third line is this."""
    return {**GOOD, "templates/loans/more.html": f"<h1>\n</h1>\n{text}\n"}


MORE = "templates/loans/more.html"
MIGRATION = "migrations/versions/0001_first.py"

CASES: list[tuple[str, str, int, dict[str, str]]] = [
    ("CRM001", "plugin.toml", 0, swap("plugin.toml", 'version = "1.0"', 'version = "one"')),
    ("CRM001", "plugin.toml", 0, without("plugin.toml")),
    ("CRM002", ".", 0, {"plugin.toml": 'id = "lent"\nname = "Lent"\nversion = "1"\napi = ">=1"\n'}),
    ("CRM003", "__init__.py", 0, without("__init__.py")),
    ("CRM003", "__init__.py", 0, swap("__init__.py", "class Plugin:", "class Plug:")),
    ("CRM004", "broken.py", 2, plus("broken.py", "x = 1\ny = = 2\n")),
    ("CRM004", "broken.py", 0, plus("broken.py", "x = '\0'\n")),
    ("CRM004", "broken.py", 0, plus("broken.py", "#" * (1024 * 1024 + 1))),
    ("CRM006", ".", 0, without("README.md")),
    ("CRM007", ".", 0, without("tests/test_loans.py")),
    ("CRM008", "csv.py", 0, plus("csv.py", "rows = []\n")),
    ("CRM010", "texts.py", 3, plus("texts.py", "from crmhost.core.contacts.services import get\n")),
    ("CRM010", "texts.py", 3, plus("texts.py", "from crmhost import db\n")),
    ("CRM010", "texts.py", 3, plus("texts.py", "import crmhost.work.unit as u\n")),
    ("CRM010", "texts.py", 3, plus("texts.py", "import crmhost.testing\n")),
    ("CRM010", "texts.py", 3, plus("texts.py", "from crmhost.api import Wrok\n")),
    ("CRM010", "routes.py", 9, plus("routes.py", "from crmhost.web.api import toasts\n")),
    ("CRM011", "jobs.py", 4, plus("jobs.py", "from plugins.tasks.api import Task\n")),
    ("CRM011", "jobs.py", 4, plus("jobs.py", "from ..tasks.api import Task\n")),
    ("CRM012", "jobs.py", 4, plus("jobs.py", "from plugins.quotes.services import send\n")),
    ("CRM012", "jobs.py", 4, plus("jobs.py", "from plugins.invoices import models\n")),
    ("CRM012", "jobs.py", 4, plus("jobs.py", "from .. import invoices\n")),
    ("CRM012", "jobs.py", 4, plus("jobs.py", "import plugins.quotes\n")),
    ("CRM013", "models.py", 18, plus("models.py", "\nfrom flask import request\n")),
    ("CRM013", "models.py", 17, plus("models.py", "from crmhost.web.api import toast\n")),
    ("CRM013", "models.py", 17, plus("models.py", "import flask_wtf.csrf\n")),
    ("CRM013", "services.py", 9, plus("texts.py", "import flask\n")),
    ("CRM020", "routes.py", 9, plus("routes.py", "import threading as t; t.Thread(target=print).start()\n")),
    ("CRM020", "routes.py", 10, plus("routes.py", "import atexit\n@atexit.register\ndef end(): ...\n")),
    ("CRM020", "routes.py", 9, plus("routes.py", "from signal import signal; signal(1, print)\n")),
    (
        "CRM020",
        "routes.py",
        11,
        plus("routes.py", "import sys\nif 1:\n    try: sys.exit()\n    except OSError: pass\n"),
    ),
    ("CRM020", "__init__.py", 35, plus("__init__.py", "\n    def __init__(self): import os; os.fork()\n")),
    ("CRM021", "routes.py", 9, plus("routes.py", "import logging; logging.basicConfig()\n")),
    ("CRM021", "routes.py", 10, plus("routes.py", "import os\nos.environ['TZ'] = 'UTC'\n")),
    ("CRM021", "routes.py", 11, plus("routes.py", "import sys\nclass X:\n    y = sys.path.insert(0, 'x')\n")),
    ("CRM030", "__init__.py", 8, swap("__init__.py", "def routes", "def rout")),
    ("CRM030", "__init__.py", 25, swap("__init__.py", "quotes_before_send", "tasks_before_send")),
    ("CRM031", "__init__.py", 28, swap("__init__.py", "self, changes, work", "self, change, work")),
    ("CRM031", "__init__.py", 31, swap("__init__.py", "self, loan)", "self, lone)")),
    ("CRM032", "__init__.py", 35, plus("__init__.py", "\n    def menu(self): ...\n")),
    ("CRM033", "hooks.py", 9, plus("hooks.py", '\n@hookspec("action")\ndef late(work): ...\n')),
    ("CRM040", "models.py", 8, swap("models.py", '"loans_loan"\n', '"loan"\n')),
    ("CRM040", MIGRATION, 9, swap(MIGRATION, '        "loans_loan",', '        "loan",')),
    ("CRM041", "models.py", 8, without(MIGRATION)),
    ("CRM042", "models.py", 11, swap("models.py", ', ondelete="CASCADE"', "")),
    ("CRM042", "models.py", 11, swap("models.py", '"CASCADE"', '"RESTRICT"')),
    ("CRM042", "models.py", 11, swap("models.py", '"contacts_contact.id", ondelete="CASCADE"', "Contact.id")),
    ("CRM042", MIGRATION, 12, swap(MIGRATION, ', ondelete="SET NULL"', "")),
    ("CRM043", "models.py", 12, swap("models.py", "quotes_quote", "tasks_task")),
    ("CRM044", "models.py", 15, swap("models.py", "relationship()", 'relationship(back_populates="loans")')),
    ("CRM044", "models.py", 17, plus("models.py", '    who = relationship("Contact", backref="loans")\n')),
    ("CRM045", MIGRATION, 15, swap(MIGRATION, 'op.drop_table("loans_loan")', "raise NotImplementedError")),
    ("CRM045", MIGRATION, 0, swap(MIGRATION, "def downgrade", "def down")),
    ("CRM046", "plugin.toml", 0, swap("plugin.toml", "loans_loan.note_text", "loans_loan.note")),
    ("CRM046", "plugin.toml", 0, swap("plugin.toml", "loans_loan.note_text", "loans_other.note")),
    ("CRM047", "models.py", 11, swap("plugin.toml", '"loans_loan.contact_id"', "")),
    ("CRM050", "__init__.py", 14, swap("__init__.py", "loans.view", "loan.view")),
    ("CRM050", "__init__.py", 18, swap("__init__.py", "loans.days", "days")),
    ("CRM050", "__init__.py", 22, swap("__init__.py", "loans.remind", "loans_remind")),
    ("CRM051", "routes.py", 7, swap("routes.py", '"loans",', '"contacts",')),
    (
        "CRM051",
        "routes.py",
        8,
        swap("routes.py", 'Blueprint("loans_more", __name__)', 'Blueprint(import_name=__name__, name="loansmore")'),
    ),
    ("CRM060", "templates/index.html", 0, plus("templates/index.html", "<p></p>")),
    ("CRM060", "templates/contacts/index.html", 0, plus("templates/contacts/index.html", "<p></p>")),
    ("CRM061", MORE, 3, template("<SCRIPT>alert(1)</SCRIPT>")),
    ("CRM061", MORE, 3, template('<script type="importmap">{}</script>')),
    ("CRM062", MORE, 3, template("<style>p {}</style>")),
    ("CRM062", MORE, 3, template('<p class="{{ "x" }}" {% if y %}STYLE="top: 0"{% endif %}></p>')),
    ("CRM063", MORE, 3, template('<body onLoad="x()">')),
    ("CRM063", MORE, 3, template('<p hx-on:click="x()">')),
    ("CRM063", MORE, 3, template('<a href=" JavaScript:x()">')),
    ("CRM064", MORE, 3, template('<img src="https://example.com/x.png" alt="">')),
    ("CRM064", MORE, 3, template('<link rel="stylesheet" href="//example.com/x.css">')),
]


@pytest.mark.parametrize(("code", "file", "line", "files"), CASES)
def test_findings(tmp_path: Path, code: str, file: str, line: int, files: dict[str, str]) -> None:
    """A broken rule is told with its code, level, file and line, and a hint."""
    findings = check(write(tmp_path / "loans", files))
    found = [(finding.code, finding.file, finding.line) for finding in findings]
    assert (code, file, line) in found, "\n".join(map(str, findings))
    first = next(finding for finding in findings if finding.code == code)
    assert first.level == RULES[code].level
    assert first.hint
    assert code in str(first)
    assert (first in errors_of(findings)) == (first.level == "error")


def test_links(tmp_path: Path) -> None:
    """Symbolic links are told and not followed."""
    folder = write(tmp_path / "loans", GOOD)
    (folder / "static" / "all").symlink_to("/")
    (folder / "secret.py").symlink_to("/etc/passwd")
    assert [(found.code, found.file) for found in check(folder)] == [("CRM005", "secret.py"), ("CRM005", "static/all")]


def test_every_rule_is_tried() -> None:
    """There is no rule without a test that breaks it."""
    assert {code for code, *_ in CASES} | {"CRM005"} == set(RULES)


def test_nearest_names(tmp_path: Path) -> None:
    """A misspelt hook or argument is answered with the nearest one."""
    files = plus(
        "__init__.py",
        "\n    @hookimpl\n    def contact_boxs(self): ...\n    @hookimpl\n    def rebuild(self, works): ...\n",
    )
    hints = {finding.code: finding.hint for finding in check(write(tmp_path / "loans", files))}
    assert hints == {"CRM030": "Did you mean “contact_boxes”?", "CRM031": "Did you mean “work”?"}


def test_no_code_runs(tmp_path: Path) -> None:
    """Checking runs nothing of the plugin, however hostile its files."""
    proof = tmp_path / "proof"
    files = {
        **GOOD,
        "__init__.py": f"open({str(proof)!r}, 'w')\nraise SystemExit\n",
        "deep.py": "x = " + "(" * 5000,
        "deeper.py": "x = " + "-" * 50000 + "1",
        "templates/loans/deep.html": "<p>" * 20000 + "{{" * 1000 + "<!--" * 1000,
    }
    folder = write(tmp_path / "loans", files)
    (folder / "binary.py").write_bytes(os.urandom(500))
    codes = {(finding.code, finding.file) for finding in check(folder)}
    assert {("CRM003", "__init__.py"), ("CRM004", "deep.py"), ("CRM004", "deeper.py"), ("CRM004", "binary.py")} <= codes
    assert not proof.exists()


def test_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plugin may be named from inside and through a link that has its name; what is no folder is told."""
    folder = write(tmp_path / "src" / "crmhost-loans", GOOD)
    (tmp_path / "loans").symlink_to(folder)
    assert check(tmp_path / "loans") == []
    assert [finding.code for finding in check(folder)] == ["CRM002"]
    monkeypatch.chdir(folder / "tests")
    assert [finding.code for finding in check(Path(".."))] == ["CRM002"]
    with pytest.raises(PluginError, match="is not a folder"):
        check(tmp_path / "nothing")


def test_core_hooks() -> None:
    """The checks know the hooks and their arguments from the code."""
    assert core_hooks()["within"] == {"work", "changes"}
    assert core_hooks()["menu"] == frozenset()
    assert "hookimpl" not in core_hooks()
