"""The rules, by code. Codes are stable: a rule may go, its code is not given to another."""

from __future__ import annotations

import dataclasses
from typing import Literal

Level = Literal["error", "warning"]


@dataclasses.dataclass(frozen=True)
class Rule:
    """A rule of ``crmhost plugin check``.

    :param title: what is asked.
    :param reason: why.
    :param hint: what to do.
    """

    code: str
    level: Level
    title: str
    reason: str
    hint: str


@dataclasses.dataclass(frozen=True, order=True)
class Finding:
    """Where a plugin breaks a rule.

    :param file: path within the plugin's folder, ``.`` for the folder.
    :param line: counted from 1; 0 for the whole file.
    """

    file: str
    line: int
    code: str
    level: Level
    message: str
    hint: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.code} {self.level}: {self.message} {self.hint}".rstrip()


def finding(code: str, file: str, line: int, message: str, hint: str = "") -> Finding:
    """A finding with the level of its rule, and its hint unless a better one is known."""
    rule = RULES[code]
    return Finding(file, line, code, rule.level, message, hint or rule.hint)


_ALL = (
    Rule(
        "CRM001",
        "error",
        "plugin.toml can be used.",
        "The host reads it before anything else and imports nothing that has a wrong one.",
        "Correct plugin.toml.",
    ),
    Rule(
        "CRM002",
        "warning",
        "The folder is called like the id.",
        "A plugin in the folder plugins/ is imported as plugins.ID; only packages of pip may be called otherwise.",
        "Rename the folder or change the id.",
    ),
    Rule(
        "CRM003",
        "error",
        "__init__.py has the class Plugin.",
        "The host makes one per generation and calls its hooks.",
        "Write “class Plugin:” with the hook implementations in __init__.py.",
    ),
    Rule(
        "CRM004",
        "error",
        "Python files can be parsed.",
        "One that can't stops the plugin when it is imported.",
        "Correct the file; it must be UTF-8 and at most 1 MB.",
    ),
    Rule(
        "CRM005",
        "error",
        "There are no symbolic links.",
        "A link may point out of the folder, and packages can't carry it.",
        "Put the file itself there.",
    ),
    Rule(
        "CRM006",
        "warning",
        "There is a README.md.",
        "It tells admins what the plugin does before they enable it.",
        "Write README.md.",
    ),
    Rule(
        "CRM007",
        "warning",
        "There are tests.",
        "Without them nobody knows whether the plugin works with the next version.",
        "Write tests/test_….py with the fixtures of crmhost.testing.",
    ),
    Rule(
        "CRM008",
        "warning",
        "No module is called like one of the standard library.",
        "Started in the plugin's folder, “python -m pytest” finds it in place of the library's own.",
        "Rename it, for example csv.py to csv_files.py.",
    ),
    Rule(
        "CRM010",
        "error",
        "Of crmhost only the public modules are imported.",
        "The others change without notice.",
        "Import from crmhost.api, crmhost.hooks, crmhost.web.api, and crmhost.testing in tests.",
    ),
    Rule(
        "CRM011",
        "error",
        "Other plugins are named in plugin.toml before they are imported.",
        "The host then builds them first, and refuses what can't work.",
        "Add it to [requires] plugins or optional.",
    ),
    Rule(
        "CRM012",
        "error",
        "Of other plugins only their api module is imported.",
        "All else is their own affair and changes without notice.",
        "Import from the plugin's api module.",
    ),
    Rule(
        "CRM013",
        "error",
        "Services, models, jobs and events know nothing of the web.",
        "Pages, API, imports, commands and jobs then obey the same rules through the same functions.",
        "Move what needs Flask to routes.py or forms.py and hand plain values down.",
    ),
    Rule(
        "CRM020",
        "error",
        "Nothing is started when a module is imported.",
        "Threads, processes, signal handlers and exit functions outlive disabling: only a restart would end them.",
        "Do it in a job, or in the function that needs it.",
    ),
    Rule(
        "CRM021",
        "error",
        "Importing changes nothing for others.",
        "Logging, warnings, locale, environment and search path belong to the whole process.",
        "Leave it to the host, or change it only within the function that needs it.",
    ),
    Rule(
        "CRM030",
        "error",
        "Implemented hooks exist.",
        "One that nobody declares is never called; the host refuses the plugin.",
        "See the hook reference for the names.",
    ),
    Rule(
        "CRM031",
        "error",
        "Implementations take arguments that the hook offers.",
        "Arguments are handed over by name; fewer are fine.",
        "Use the names of the hook reference.",
    ),
    Rule(
        "CRM032",
        "warning",
        "Methods named like a hook are marked.",
        "Without the mark the host does not call it.",
        "Put @hookimpl above it, or rename it.",
    ),
    Rule(
        "CRM033",
        "error",
        "Hooks of the plugin's own begin with its id.",
        "Two plugins could declare the same one.",
        "Call it ID_something.",
    ),
    Rule(
        "CRM040",
        "error",
        "Tables begin with the id.",
        "The host tells by the name whose table it is, when it migrates and when it uninstalls.",
        "Call it ID_something.",
    ),
    Rule(
        "CRM041",
        "error",
        "Models come with migrations.",
        "Tables are made by migrations alone.",
        "Write migrations/versions/0001_….py.",
    ),
    Rule(
        "CRM042",
        "error",
        "Foreign keys to tables of others say ondelete.",
        "While the plugin is off, its code can't clean up, and a record of the core could not be deleted.",
        'Add ondelete="CASCADE" or ondelete="SET NULL".',
    ),
    Rule(
        "CRM043",
        "error",
        "Tables of another plugin are referred to only when it is needed.",
        "Its tables may not be there.",
        "Add it to [requires] plugins.",
    ),
    Rule(
        "CRM044",
        "error",
        "Relationships to classes of the core are one-way.",
        "A way back would change the core's class for everybody, also when the plugin is off.",
        "Leave backref and back_populates out.",
    ),
    Rule(
        "CRM045",
        "error",
        "Every migration can be taken back.",
        "Uninstalling goes back to the beginning.",
        "Write downgrade().",
    ),
    Rule(
        "CRM046",
        "error",
        "Columns named in [data] exist.",
        "The core moves, exports and erases them by SQL, also while the plugin is off.",
        "Correct the name in plugin.toml.",
    ),
    Rule(
        "CRM047",
        "warning",
        "References to contacts stand under [data] contact_refs.",
        "When contacts are merged, the records of the one that goes stay behind otherwise.",
        "Add the column to [data] contact_refs in plugin.toml.",
    ),
    Rule(
        "CRM050",
        "error",
        "Permissions, settings, jobs, journal types and services begin with the id.",
        "Two plugins could want the same name; the host refuses the plugin.",
        "Call it ID.something.",
    ),
    Rule(
        "CRM051",
        "error",
        "Blueprints are named like the id.",
        "Endpoints then tell whose page it is; the host refuses the plugin.",
        "Call it ID or ID_something.",
    ),
    Rule(
        "CRM060",
        "error",
        "Templates stand in templates/ID/.",
        "Others are not found.",
        "Move the file.",
    ),
    Rule(
        "CRM061",
        "error",
        "Templates hold no script.",
        "The content security policy stops scripts within a page.",
        "Put it into static/ as a module and declare it in assets().",
    ),
    Rule(
        "CRM062",
        "error",
        "Templates hold no style.",
        "The content security policy stops styles within a page.",
        "Use the classes of the house or a style sheet in static/, declared in assets().",
    ),
    Rule(
        "CRM063",
        "error",
        "Templates hold no handlers.",
        "The content security policy stops code in attributes.",
        "Listen for the event in a module of static/.",
    ),
    Rule(
        "CRM064",
        "error",
        "Pages load nothing from other sites.",
        "The content security policy stops it, and it would tell others who reads the page.",
        "Put the file into static/.",
    ),
)
#: All rules by code.
RULES: dict[str, Rule] = {rule.code: rule for rule in _ALL}
