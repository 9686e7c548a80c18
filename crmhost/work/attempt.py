"""One attempt at a job or at a delivery: the handler is run in its plugin's context, and how it ended is said, never raised."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from sqlalchemy import update

from ..contributions import EventHandler, Job
from ..core.users import services as users
from ..core.users.models import User
from ..errors import CrmError, GiveUp, JobStopped, RetryLater
from ..host.attribution import current_plugin, record_fault, running
from ..host.tables import PluginState
from ..messages import Message
from . import jobs
from .context import JobContext, Kept
from .events import Due
from .jobs import Claimed, Outcome
from .unit import SYSTEM, Actor

if TYPE_CHECKING:
    from ..host.generation import Generation
    from ..site import Site

#: Errors that say more of the outside than of the plugin's code: they are not held against it.
_OUTSIDE = (OSError, CrmError)


def handlers(generation: Generation) -> dict[str, Job]:
    """Kind -> job of all that the plugins declare, with ``ID.rebuild`` for those that keep derived data."""
    found = {item.kind: item for item in generation.contributions("jobs")}
    for item in generation.hooks.implementations("rebuild"):
        kind = f"{item.plugin}.rebuild"
        label = Message("Compute derived data anew")
        found.setdefault(kind, Job(kind=kind, handler=_rebuild, label=label, plugin=item.plugin))
    return found


def _rebuild(job: JobContext) -> None:
    """Repairs what a plugin derives from other records, after its ``within`` failed."""
    plugin = current_plugin()
    with job.work.begin():
        job.work.hooks.one(plugin, "rebuild", work=job.work)
        fresh = update(PluginState).where(PluginState.id == plugin).values(stale=False)
        job.work.session.execute(fresh, execution_options={"synchronize_session": False})


def run(
    site: Site, generation: Generation, claimed: Claimed, owner: str, stopping: Callable[[], bool], kept: Kept
) -> Outcome:
    """Runs a job once.

    :param owner: the worker that holds the job's lease.
    :param stopping: whether the worker ends.
    :param kept: what the jobs of a batch share.
    """
    declared = handlers_of(generation).get(claimed.kind)
    if declared is None:
        return Outcome(
            claimed,
            "failed",
            error=Message(
                "The plugin “%(plugin)s” has no job “%(kind)s” any more.", plugin=claimed.plugin, kind=claimed.kind
            ),
        )
    try:
        with site.work(_actor(site, declared, claimed), generation=generation) as work:
            context = JobContext(
                work, claimed.id, claimed.attempts, claimed.saved, owner=owner, stopping=stopping, kept=kept
            )
            with running(claimed.plugin):
                result = declared.handler(context, **claimed.arguments)
        return Outcome(claimed, "done", result=result if isinstance(result, Mapping) else None)
    except JobStopped:
        if stopping():
            return Outcome(claimed, "due", counts=False)
        return Outcome(claimed, "cancelled")
    except RetryLater as later:
        return Outcome(claimed, "due", pause=later.seconds, counts=False, error=later.why or None)
    except GiveUp as error:
        return Outcome(claimed, "failed", failed=True, error=error.why)
    except (Exception, SystemExit) as error:
        return _failure(declared, claimed, error)


_known: tuple[Generation, dict[str, Job]] | None = None


def handlers_of(generation: Generation) -> dict[str, Job]:
    """:func:`handlers`, remembered for the generation in force."""
    global _known
    if _known is None or _known[0] is not generation:
        _known = (generation, handlers(generation))
    return _known[1]


def _actor(site: Site, declared: Job, claimed: Claimed) -> Actor:
    if declared.run_as == "system":
        return Actor("system", claimed.actor or SYSTEM.label, user_id=claimed.user_id, permissions=SYSTEM.permissions)
    with site.sessions() as session:
        user = session.get(User, claimed.user_id) if claimed.user_id is not None else None
        if user is None or user.disabled_at is not None:
            raise GiveUp(
                Message(
                    "%(actor)s may no longer sign in, so it was not done.",
                    actor=claimed.actor or Message("The person who asked for this"),
                )
            )
        return users.actor_for(user)


def _failure(declared: Job, claimed: Claimed, error: BaseException) -> Outcome:
    failures = claimed.failures + 1
    last = failures >= declared.attempts
    note(claimed.plugin, f"job {claimed.kind}", error, first=failures == 1, last=last)
    shown = describe(error)
    if last:
        return Outcome(claimed, "failed", failed=True, error=shown)
    return Outcome(claimed, "due", pause=jobs.pause_after(failures), failed=True, error=shown)


def note(plugin: str, place: str, error: BaseException, *, first: bool, last: bool) -> None:
    """Holds a failure against the plugin: once when it begins, once when it is given up, so that one job does not suspend it."""
    if (first or last) and not isinstance(error, _OUTSIDE):
        record_fault(plugin, place, error)


def describe(error: BaseException) -> str:
    """What is written on the Jobs page: the sentence of a refusal, else the error with the end of its traceback."""
    if isinstance(error, CrmError):
        return str(error)
    text = "".join(traceback.format_exception(error))[-3000:]
    return f"{type(error).__name__}: {error}\n\n{text}".replace("\x00", "�")[:4000]


def deliver(site: Site, generation: Generation, handler: EventHandler, item: Due) -> BaseException | None:
    """Hands an event to a subscriber; gives what it raised, or nothing when it is done."""
    actor = Actor("system", item.event.actor or SYSTEM.label, permissions=SYSTEM.permissions)
    try:
        with site.work(actor, generation=generation) as work, running(handler.plugin):
            handler.handler(work, item.event)
    except (Exception, SystemExit, JobStopped) as error:
        return error
    return None
