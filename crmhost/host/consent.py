"""Updates that ask for more than an admin agreed to: they wait, and nothing of their code is run."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from ..messages import Message
from . import grants
from .generation import imported_digest
from .tables import PluginState

if TYPE_CHECKING:
    from .registry import Discovery


def waiting(discovery: Discovery, states: Mapping[str, PluginState], *, agreed: Collection[str] = ()) -> dict[str, str]:
    """Enabled plugins whose files ask for something that nobody agreed to, each with a sentence that says what to do.

    A process that imported them before the update goes on with that code, and does not count.

    :param agreed: ids of plugins that are being agreed to.
    """
    reasons: dict[str, str] = {}
    for row in states.values():
        found = discovery.found.get(row.id)
        if found is None or row.state != "enabled" or row.id in agreed:
            continue
        asks = grants.new_grants(found.manifest.grants, row.grants)
        if asks and imported_digest(found.module) in (None, found.digest):
            told = "; ".join(str(sentence) for sentence in grants.sentences(asks))
            reasons[row.id] = Message(
                "Version %(version)s asks for more: %(told)s. It runs once that is agreed to, "
                "on the Extensions page or by “crmhost plugin enable %(id)s”.",
                version=found.manifest.version,
                told=told,
                id=row.id,
            )
    return reasons
