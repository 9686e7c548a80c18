"""What enabling or updating a plugin asks for, and noting that an admin agreed to it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ...errors import Conflict, Invalid, NotFound
from ...host import grants, lifecycle
from ...host.grants import Sentence
from ...host.manifest import Manifest
from ...host.registry import Found
from ...host.tables import PluginState
from ...messages import Message
from ...work.unit import Work
from . import adds

if TYPE_CHECKING:
    from ...site import Site


@dataclasses.dataclass(frozen=True)
class Wish:
    """One of the plugins that enabling one would enable.

    :param known: whether it was enabled before.
    :param fresh: grants that nobody agreed to yet.
    :param sentences: with, for each, whether it holds something new.
    """

    id: str
    manifest: Manifest
    adds: Mapping[str, int]
    known: bool
    fresh: tuple[str, ...]
    sentences: tuple[tuple[Sentence, bool], ...]


def plan(site: Site, names: Sequence[str]) -> list[Wish]:
    """What enabling these would enable, in order, and what each would be able to do.

    :raises PluginError: when they can't be enabled.
    """
    discovery, wanted, chain = lifecycle.plan_enable(site, names)
    return [_wish(discovery.found[name], wanted.states.get(name)) for name in chain]


def _wish(found: Found, row: PluginState | None) -> Wish:
    uses = found.manifest.grants
    fresh = grants.new_grants(uses, row.grants if row is not None else ())
    sentences = tuple((sentence, bool(set(sentence.grants) & set(fresh))) for sentence in grants.sentences(uses))
    return Wish(found.id, found.manifest, adds.of_files(found).numbers, row is not None, fresh, sentences)


def require_agreed(wishes: Sequence[Wish], agreed: Sequence[tuple[str, str]]) -> None:
    """Checks that somebody agreed to everything, now or when it was enabled before.

    :param agreed: pairs of plugin and grant that the form showed.
    :raises Invalid: naming what was not agreed to.
    """
    said = set(agreed)
    for wish in wishes:
        open_ = [grant for grant in wish.fresh if (wish.id, grant) not in said]
        if open_:
            told = "; ".join(str(sentence) for sentence in grants.sentences(open_))
            raise Invalid(
                Message(
                    "%(name)s asks for something that nobody agreed to: %(told)s. Look at it again.",
                    name=Message(wish.manifest.name),
                    told=told,
                )
            )


def agree(work: Work, site: Site, plugin: str, agreed: Sequence[str]) -> None:
    """Notes that an admin agreed to what an update of an enabled plugin asks for.

    :raises Conflict: when its manifest has changed again since the form was shown.
    """
    work.require(lifecycle.PERMISSION)
    found = site.discover().found.get(plugin)
    row = work.session.get(PluginState, plugin)
    if found is None or row is None:
        raise NotFound("extension", plugin)
    if grants.new_grants(found.manifest.grants, [*row.grants, *agreed]):
        raise Conflict("It asks for something else now: look at it again.")
    before, row.grants = list(row.grants), list(found.manifest.grants)
    work.session.flush()
    work.audit("plugin.agreed", "plugin", plugin, before={"grants": before}, after={"grants": row.grants})
