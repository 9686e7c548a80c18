"""``plugin.toml``: what a plugin says of itself, read without importing it.

Every problem of a manifest is found in one reading and told in one :class:`PluginError`, each with what to do about it.
Whatever the file holds, nothing but a ``PluginError`` comes out.
"""

from __future__ import annotations

import dataclasses
import functools
import keyword
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from ..errors import PluginError
from .grants import grant_problem
from .manifest_table import Table, is_plain

FILE_NAME = "plugin.toml"
#: Larger files are refused unread, in bytes.
MAX_SIZE = 64 * 1024
#: PostgreSQL cuts names at 63 characters; ``ID_alembic_version`` and most of ``ID_table`` must stay below.
MAX_ID = 40

_CORE_WORDS = """
admin alembic api audit auth console contacts core crmhost dashboard docs events extensions fields health healthz hooks
host jobs journal lists login logout mail me merging metrics notifications openapi permissions plugin plugins privacy readyz
roles search settings site static statuses storage system tags test tests theme themes users web work
"""
#: Taken by the core: ids of built-in plugins, owners of its tables and settings, first parts of its addresses.
RESERVED = frozenset(_CORE_WORDS.split())
#: Commands that put a site right again, which no plugin may take.
RESERVED_COMMANDS = frozenset({"backup", "db", "doctor", "init", "plugin", "restore", "run", "worker"})

_ID = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_URL = re.compile(r"/[a-z0-9]+([-/][a-z0-9]+)*")
_COLUMN = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")

Purge = Literal["drop", "keep"]
OnClash = Literal["leave", "drop"]


@dataclasses.dataclass(frozen=True)
class Names:
    """Addresses and commands that the plugin owns.

    :param url: prefix of its pages, such as ``/sales-dashboard``.
    :param api: its prefixes below ``/api/v1``, such as ``/sales-plans`` and ``/deals``.
    :param cli: its commands, such as ``stripe``.
    :param webhooks: first parts of ``/hooks/NAME/KEY``.
    """

    url: str
    api: tuple[str, ...]
    cli: tuple[str, ...]
    webhooks: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Data:
    """What the core does with the plugin's tables, also while the plugin is off.

    :param contact_refs: ``table.column`` that hold the id of a contact; a merge moves them.
    :param personal: ``table.column`` with data on a person; exported and erased with the person.
    :param on_clash: reference -> what a merge does with a row of the contact that goes, where the one that stays has a row that
        excludes it (a unique constraint): “leave” it with the contact that goes, or “drop” it until the merge is undone.
    :param purge: whether uninstalling drops the tables or leaves them.
    """

    contact_refs: tuple[str, ...] = ()
    personal: tuple[str, ...] = ()
    on_clash: Mapping[str, OnClash] = dataclasses.field(default_factory=dict, hash=False)
    purge: Purge = "drop"

    def as_json(self) -> dict[str, Any]:
        """All of it, JSON-able."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in vars(self).items()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Data:
        """What :meth:`as_json` gave; of nothing, data without references."""
        read: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
        }
        return cls(**read)


@dataclasses.dataclass(frozen=True)
class Manifest:
    """A plugin as its ``plugin.toml`` describes it.

    :param version: PEP 440 version, as written.
    :param api: range of :data:`crmhost.hooks.API_VERSION` that it works with.
    :param icon: name of a Tabler icon.
    :param needs: plugin id -> range, all needed for this one to run.
    :param optional: plugin id -> range; used when present, built before this one.
    :param packages: PEP 508 requirements on Python packages.
    :param after: ids to be built before this one when they are enabled too.
    :param auto_enable_with: a bridge: enabled as soon as all of these are.
    :param conflicts: plugin id -> range that can't be enabled beside this one.
    :param python: range of Python versions.
    :param tested_up_to: highest crmhost version it was tried with; a newer one gives a warning.
    :param broken_above: crmhost versions above this one can't run it.
    :param permissions: full name -> label of the permissions it defines; the hook ``permissions`` is the truth.
    :param grants: what it uses, for consent (:mod:`crmhost.host.grants`).
    :param enabled_by_default: whether it is on at the first start; heeded for bundled plugins only.
    """

    id: str
    name: str
    version: str
    api: str
    names: Names
    data: Data = Data()
    summary: str = ""
    author: str = ""
    licence: str = ""
    homepage: str = ""
    icon: str = "puzzle"
    enabled_by_default: bool = False
    needs: Mapping[str, str] = dataclasses.field(default_factory=dict, hash=False)
    optional: Mapping[str, str] = dataclasses.field(default_factory=dict, hash=False)
    packages: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    auto_enable_with: tuple[str, ...] = ()
    conflicts: Mapping[str, str] = dataclasses.field(default_factory=dict, hash=False)
    python: str = ""
    tested_up_to: str = ""
    broken_above: str = ""
    permissions: Mapping[str, str] = dataclasses.field(default_factory=dict, hash=False)
    grants: tuple[str, ...] = ()


def fits(version: str, wanted: str) -> bool:
    """Whether a version lies in a range (``""`` holds all; pre-releases count). Both are PEP 440 and valid."""
    return SpecifierSet(wanted).contains(Version(version), prereleases=True)


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the plugin in a folder.

    :raises PluginError: naming every problem, when there is one.
    """
    manifest, problems = inspect_manifest(folder)
    if manifest is None:
        count = "a problem" if len(problems) == 1 else f"{len(problems)} problems"
        lines = problems[0] if len(problems) == 1 else "\n" + "\n".join(f"- {problem}" for problem in problems)
        raise PluginError(folder.name[:60], f"{FILE_NAME} of “{folder.name[:60]}” has {count}: {lines}")
    return manifest


def inspect_manifest(folder: Path) -> tuple[Manifest | None, list[str]]:
    """The manifest, or ``None`` with the sentences saying what is wrong with it."""
    path = folder / FILE_NAME
    try:
        if path.is_symlink():
            return None, ["It is a symbolic link; put the file itself there."]
        if not path.is_file():
            return None, [f"The file is missing; a plugin has a {FILE_NAME} in its folder."]
        with path.open("rb") as file:
            content = file.read(MAX_SIZE + 1)
    except (OSError, ValueError) as error:
        return None, [f"It can't be read ({error}); check the rights of the file."]
    if len(content) > MAX_SIZE:
        return None, [f"It is larger than {MAX_SIZE // 1024} KiB; a manifest is a page of text."]
    manifest, problems = _of(content)
    return manifest, list(problems)


# All manifests are read at each switch, several times: what they say is worked out once.
@functools.lru_cache(maxsize=256)
def _of(content: bytes) -> tuple[Manifest | None, list[str]]:
    try:
        table = tomllib.loads(content.decode("utf-8"))
    except UnicodeDecodeError:
        return None, ["It is not UTF-8 text; save it as UTF-8."]
    except (ValueError, RecursionError, OverflowError) as error:
        return None, [f"It is not valid TOML: {str(error)[:200] or type(error).__name__}."]
    return _manifest(table)


def _manifest(values: Mapping[str, Any]) -> tuple[Manifest | None, list[str]]:
    problems: list[str] = []
    top = Table(values, "", problems)
    plugin_id = _checked_id(top.text("id", required=True, limit=MAX_ID), problems)
    requires = top.table("requires")
    compat = top.table("compat")
    needs = _ranges(requires, "plugins", plugin_id)
    bridge = _ids(requires, "auto_enable_with", plugin_id)
    for other in set(bridge) - set(needs):
        requires.problem("auto_enable_with", f"“{other}” must be among [requires] plugins too.")
    manifest = Manifest(
        id=plugin_id,
        name=top.text("name", required=True, limit=80),
        version=_version(top, "version", required=True),
        api=_range(top, "api", required=True),
        summary=top.text("summary", limit=300),
        author=top.text("author", limit=120),
        licence=_licence(top),
        homepage=_homepage(top),
        icon=top.text(
            "icon", default="puzzle", limit=60, pattern=_SLUG, like="the name of a Tabler icon, such as “filter”"
        ),
        enabled_by_default=top.flag("enabled_by_default"),
        names=_names(top.table("names"), plugin_id),
        data=_data(top.table("data"), plugin_id),
        needs=needs,
        optional=_ranges(requires, "optional", plugin_id),
        packages=_packages(requires),
        after=_ids(requires, "after", plugin_id),
        auto_enable_with=bridge,
        conflicts=_ranges(requires, "conflicts", plugin_id),
        python=_range(requires, "python"),
        tested_up_to=_version(compat, "tested_up_to"),
        broken_above=_version(compat, "broken_above"),
        permissions=_permissions(top.table("permissions", free=True), plugin_id),
        grants=_grants(top.table("grants")),
    )
    for other in manifest.needs.keys() & manifest.conflicts.keys():
        requires.problem("conflicts", f"“{other}” stands under plugins too; it can be only one of them.")
    for table in (top, requires, compat):
        table.refuse_unknown()
    return (None if problems else manifest), problems


def id_problem(plugin_id: str) -> str:
    """What is wrong with an id, as a sentence; empty when it can be used."""
    if not _ID.fullmatch(plugin_id) or keyword.iskeyword(plugin_id):
        return f"id: “{plugin_id}” can't be used; write it like “my_plugin”, in lower case."
    if len(plugin_id) > MAX_ID:
        return f"id: “{plugin_id}” is too long; at most {MAX_ID} characters fit into the names of its tables."
    if plugin_id in RESERVED:
        return f"id: “{plugin_id}” belongs to the core; choose another, such as “my_{plugin_id}”."
    return ""


def _checked_id(plugin_id: str, problems: list[str]) -> str:
    """The id, or nothing when it is wrong: what derives from it is then not held against the rest of the file."""
    if plugin_id and (problem := id_problem(plugin_id)):
        problems.append(problem)
        return ""
    return plugin_id


def _version(table: Table, key: str, *, required: bool = False) -> str:
    text = table.text(key, required=required, limit=40)
    try:
        Version(text or "0")
    except InvalidVersion:
        table.problem(key, f"“{text}” is not a version; write it like “1.2.0” (PEP 440).")
    return text


def _valid_range(text: str) -> bool:
    try:
        SpecifierSet(text)
    except InvalidSpecifier:
        return False
    return True


def _range(table: Table, key: str, *, required: bool = False) -> str:
    text = table.text(key, required=required, limit=100)
    if not _valid_range(text):
        table.problem(key, f"“{text}” is not a range of versions; write it like “>=1,<2”.")
    return text


def _ranges(table: Table, key: str, own_id: str) -> dict[str, str]:
    """Plugin id -> range; a plain list of ids means any version."""
    ranges = table.pairs(key)
    for other, text in ranges.items():
        _check_other(table, key, other, own_id)
        if not _valid_range(text):
            table.problem(key, f"“{text}” for “{other}” is not a range of versions; write it like “>=1,<2”.")
    return ranges


def _ids(table: Table, key: str, own_id: str) -> tuple[str, ...]:
    ids = table.texts(key, limit=MAX_ID)
    for other in ids:
        _check_other(table, key, other, own_id)
    return ids


def _check_other(table: Table, key: str, other: str, own_id: str) -> None:
    if not _ID.fullmatch(other):
        table.problem(key, f"“{other}” is not the id of a plugin.")
    elif other == own_id:
        table.problem(key, "the plugin names itself; take it out.")


def _packages(table: Table) -> tuple[str, ...]:
    packages = table.texts("packages", limit=200)
    for text in packages:
        try:
            direct = Requirement(text).url
        except InvalidRequirement:
            table.problem("packages", f"“{text}” is not a requirement; write it like “requests>=2.32”.")
        else:
            if direct:
                table.problem("packages", f"“{text}” points at an address; name the package and its versions only.")
    return packages


def _licence(top: Table) -> str:
    british, american = top.text("licence", limit=120), top.text("license", limit=120)
    if british and american and british != american:
        top.problem("licence", "licence and license differ; keep one.")
    return british or american


def _homepage(top: Table) -> str:
    text = top.text("homepage", limit=300)
    if text and not re.fullmatch(r"https?://[^\s\"'<>]+", text):
        top.problem("homepage", "write a full address that begins with https://.")
    return text


def _names(table: Table, plugin_id: str) -> Names:
    slug = plugin_id.replace("_", "-") or "my-plugin"
    url = "/" + table.text("url", default=slug, limit=80).strip("/")
    if not _URL.fullmatch(url):
        table.problem("url", f"“{url}” can't be an address; write it like “/{slug}”.")
    elif url.split("/")[1].replace("-", "_") in RESERVED:
        table.problem("url", f"“{url}” belongs to the core; choose another, such as “/{slug}”.")
    api = tuple("/" + part.strip("/") for part in table.texts("api", default=(slug,), limit=80, single=True))
    for part in api:
        if not _URL.fullmatch(part):
            table.problem("api", f"“{part}” can't be an address; write it like “/{slug}”.")
    cli = table.texts("cli", default=(slug,), limit=60, single=True)
    webhooks = table.texts("webhooks", default=(slug,), limit=60, single=True)
    for key, names in (("cli", cli), ("webhooks", webhooks)):
        for name in names:
            if not _SLUG.fullmatch(name):
                table.problem(key, f"“{name}” can't be used; write it like “{slug}”.")
    for name in RESERVED_COMMANDS & set(cli):
        table.problem("cli", f"“{name}” is a command of the core; choose another, such as “{slug}”.")
    table.refuse_unknown()
    return Names(url, api, cli, webhooks)


def _data(table: Table, plugin_id: str) -> Data:
    columns: dict[str, tuple[str, ...]] = {}
    for key in ("contact_refs", "personal"):
        columns[key] = table.texts(key, limit=130)
        for column in columns[key]:
            if not _COLUMN.fullmatch(column):
                table.problem(key, f"“{column}” must be written as “table.column”.")
            elif plugin_id and not column.startswith(f"{plugin_id}_"):
                table.problem(key, f"“{column}” is in no table of the plugin, which are called “{plugin_id}_…”.")
    clashes: dict[str, OnClash] = {}
    for column, policy in table.pairs("on_clash").items():
        if column not in columns["contact_refs"]:
            table.problem("on_clash", f"“{column}” does not stand under contact_refs.")
        elif policy not in ("leave", "drop"):
            table.problem("on_clash", f"“{policy}” is unknown; write “leave” or “drop”.")
        else:
            clashes[column] = "drop" if policy == "drop" else "leave"
    purge = table.text("purge", default="drop", limit=10)
    if purge not in ("drop", "keep"):
        table.problem("purge", f"“{purge}” is unknown; write “drop” or “keep”.")
    table.refuse_unknown()
    return Data(columns["contact_refs"], columns["personal"], clashes, "keep" if purge == "keep" else "drop")


def _permissions(table: Table, plugin_id: str) -> dict[str, str]:
    """Full names, from ``view = "…"``, ``"funnel.view" = "…"`` or ``funnel.view = "…"``."""
    found: dict[str, str] = {}
    values = dict(table.values)
    inner = values.pop(plugin_id, {})
    if isinstance(inner, Mapping):
        values.update(inner)
    for key, label in values.items():
        name = key.removeprefix(f"{plugin_id}.")
        if plugin_id and not _ID.fullmatch(name):
            table.problem(key, f"a permission is called “{plugin_id}.something”.")
        elif not isinstance(label, str) or not label or len(label) > 200 or not is_plain(label):
            table.problem(key, "give it a short text that says what it allows.")
        else:
            found[f"{plugin_id}.{name}"] = label
    return found


def _grants(table: Table) -> tuple[str, ...]:
    uses = table.texts("uses", limit=120)
    for grant in uses:
        if problem := grant_problem(grant):
            table.problem("uses", problem)
    table.refuse_unknown()
    return uses
