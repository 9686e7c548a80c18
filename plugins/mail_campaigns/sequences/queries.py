"""Which sequences a list or the API shows, and in which order."""

from __future__ import annotations

from collections.abc import Sequence as Many

from crmhost.api import Invalid, RecordList, Work, filters

from ..models import SEQUENCE, Sequence

STATES = ("on", "off")


def _state(_work: Work, value: str) -> bool:
    if value not in STATES:
        raise Invalid({"state": ["Choose on or off."]})
    return value == "on"


LIST = RecordList(
    model=Sequence,
    kind=SEQUENCE,
    permission="mail_campaigns.view",
    orders={"updated_at": (Sequence.updated_at, Sequence.id), "name": (Sequence.name_key, Sequence.id)},
    sort="-updated_at",
    filters={"state": filters.choice(Sequence.is_on, _state)},
    begins=(Sequence.name_key,),
    custom=False,
)


def found(work: Work, text: str, limit: int) -> Many[Sequence]:
    """Sequences that fit what was typed, those changed last first."""
    chosen = LIST.matching(work, text).order_by(Sequence.updated_at.desc(), Sequence.id.desc())
    return list(work.session.scalars(chosen.limit(limit)))
