"""What a plugin says it uses, for the admin to agree to: ``contacts:read``, ``mail:send``, ``net:api.example.com``.

Messages are English with ``%(name)s`` places, to be handed through gettext with their values where they are shown.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping

from ..messages import Message

_OBJECT = re.compile(r"([a-z][a-z0-9_]*):(read|write)")
_HOST = re.compile(
    r"net:((?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::[0-9]{1,5})?|localhost(?::[0-9]{1,5})?|\*|configured)"
)

_FIXED = {
    "mail:send": Message("Send mail"),
    "pages:public": Message("Open pages that need no sign-in"),
    "net:*": Message("Call any address on the network"),
    "net:configured": Message("Call the addresses that you enter in its settings, and nothing else on the network"),
}
_OBJECTS = {
    "contacts": Message("contacts: names, e-mails, addresses, tags"),
    "journal": Message("the journal of contacts"),
    "settings": Message("the site's settings"),
    "users": Message("the users of this site and their roles"),
    "statuses": Message("the list of statuses"),
    "custom_fields": Message("the custom fields of records"),
    "files": Message("files"),
}
_VERBS = {
    "read": Message("Read %(records)s"),
    "write": Message("Change %(records)s"),
    "both": Message("Read and change %(records)s"),
}


@dataclasses.dataclass(frozen=True)
class Sentence:
    """A line of the consent form; ``str()`` gives it in English.

    :param grants: what it stands for.
    :param message: text for gettext, with ``%(name)s`` places.
    :param values: what the places are filled with: the host of a call as it is, ``records`` handed through gettext too.
    """

    grants: tuple[str, ...]
    message: str
    values: Mapping[str, str] = dataclasses.field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        return self.message % self.values if self.values else self.message


def grant_problem(grant: str) -> str:
    """What is wrong with a grant, as a sentence; empty when it is understood."""
    if grant in _FIXED or _OBJECT.fullmatch(grant) or _HOST.fullmatch(grant):
        return ""
    return (
        f"“{grant}” is not understood; write “contacts:read”, “contacts:write”, “mail:send”, “pages:public”, "
        "“net:api.example.com”, “net:*.example.com” or “net:configured”."
    )


def sentences(grants: Iterable[str]) -> tuple[Sentence, ...]:
    """What the plugin will be able to do, in plain words, in the order of the manifest."""
    wanted = tuple(dict.fromkeys(grants))
    told: set[str] = set()
    found: list[Sentence] = []
    for grant in wanted:
        if grant in told:
            continue
        match = _OBJECT.fullmatch(grant)
        if match is None:
            found.append(_sentence(grant))
            continue
        thing = match[1]
        both = tuple(name for name in (f"{thing}:read", f"{thing}:write") if name in wanted)
        told.update(both)
        message = _VERBS["both" if len(both) == 2 else both[0].partition(":")[2]]
        found.append(Sentence(both, message, {"records": _OBJECTS.get(thing, thing.replace("_", " "))}))
    return tuple(found)


def new_grants(wanted: Iterable[str], agreed: Iterable[str]) -> tuple[str, ...]:
    """Those nobody agreed to yet; an agreed ``net:*.example.com`` holds for its hosts, ``net:*`` for all."""
    known = tuple(agreed)
    return tuple(grant for grant in dict.fromkeys(wanted) if not any(_covers(old, grant) for old in known))


def _sentence(grant: str) -> Sentence:
    if grant in _FIXED:
        return Sentence((grant,), _FIXED[grant])
    host = grant.removeprefix("net:")
    if host.startswith("*."):
        return Sentence((grant,), Message("Call every host of %(host)s"), {"host": host[2:]})
    return Sentence((grant,), Message("Call %(host)s"), {"host": host})


def _covers(old: str, new: str) -> bool:
    if old == new:
        return True
    if not (old.startswith("net:") and new.startswith("net:")):
        return False
    return old == "net:*" or (old.startswith("net:*.") and new.endswith(old.removeprefix("net:*")))
