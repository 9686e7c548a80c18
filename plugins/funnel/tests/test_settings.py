"""Which statuses are steps."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crmhost.api import Invalid, settings, statuses
from crmhost.testing import Host
from plugins.funnel import services
from plugins.funnel.settings import STATUSES

Hosts = Callable[..., Host]


def choose(host: Host, text: str | None) -> list[str]:
    """Sets the steps; gives their names as they are then."""
    with host.work() as work, work.begin():
        settings.set_many(work, {STATUSES: text})
    return names(host)


def names(host: Host) -> list[str]:
    """Names of the steps."""
    with host.work() as work:
        return [step.status.name for step in services.backfilled(work).steps]


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Lead,Contacted,Customer", ["Lead", "Contacted", "Customer"]),
        ("  customer ,  LEAD,", ["Customer", "Lead"]),
        ("Refused", ["Refused"]),
        ("", ["Lead", "Contacted", "Customer", "Upsell"]),
        (" , ,", ["Lead", "Contacted", "Customer", "Upsell"]),
        (None, ["Lead", "Contacted", "Customer", "Upsell"]),
    ],
)
def test_text(host: Hosts, text: str | None, expected: list[str]) -> None:
    """Comma-separated names in any case and with any blanks; emptied it is the default again."""
    made = host("funnel")
    choose(made, "Refused,Lead")
    assert choose(made, text) == expected


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Lead,Contacted,lead", "“Lead” stands in the list twice"),
        ("Lead,Custommer", "Did you mean “Customer”?"),
        ("Lead,Nonsense at all", "There is no status “Nonsense at all”"),
        ("Lead;Contacted", "There is no status “Lead;Contacted”"),
    ],
)
def test_refused(host: Hosts, text: str, said: str) -> None:
    """A name twice or an unknown one is refused with a sentence, and the steps stay as they were."""
    made = host("funnel")
    with pytest.raises(Invalid) as caught:
        choose(made, text)
    assert said in str(caught.value)
    assert names(made) == ["Lead", "Contacted", "Customer", "Upsell"]


def test_renaming(host: Hosts) -> None:
    """Renaming a status keeps its step, and the setting shows the new name; deleting one takes its step away."""
    made = host("funnel")
    with made.work() as work, work.begin():
        statuses.rename(work, statuses.find(work, "Contacted").id, "In talks")
    assert names(made) == ["Lead", "In talks", "Customer", "Upsell"]
    with made.work() as work:
        assert settings.get(work, STATUSES) == ["Lead", "In talks", "Customer", "Upsell"]
    with made.work() as work, work.begin():
        statuses.delete(work, statuses.find(work, "Upsell").id)
    assert names(made) == ["Lead", "In talks", "Customer"]


def test_renaming_while_off(host: Hosts) -> None:
    """A status that is renamed while the plugin is off is still its step when it is on again."""
    made = host("funnel")
    choose(made, "Lead,Customer")
    made.disable("funnel")
    with made.work() as work, work.begin():
        statuses.rename(work, statuses.find(work, "Customer").id, "Client")
    made.enable("funnel")
    assert names(made) == ["Lead", "Client"]


def test_unknown_default(host: Hosts) -> None:
    """A site without the statuses of the default still has a funnel, which names what is no status."""
    made = host()
    with made.work() as work, work.begin():
        statuses.set_from_text(work, "Cold,Warm,Customer")
    made.enable("funnel")
    assert names(made) == ["Customer"]
    with made.work() as work:
        assert services.backfilled(work).unknown == ("Lead", "Contacted", "Upsell")
