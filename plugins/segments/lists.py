"""Segments in the list of contacts: as a filter, and as a column."""

from __future__ import annotations

from crmhost.api import FilterForms, Invalid, Message, Work, contacts_list, keyset, texts

from . import services


def in_segment(work: Work, text: str) -> FilterForms:
    """Contacts of a segment, by its number or its name.

    :raises Invalid: when there is none that the actor may see, or it can't be asked now.
    """
    number, key = keyset.valid_id(text), texts.fold(text)
    known = services.all_segments(work)
    segment = next((item for item in known if item.name_key == key), None) or next(
        (item for item in known if item.id == number), None
    )
    if segment is None:
        raise Invalid(Message("There is no segment “%(text)s”.", text=text[:80]))
    asked = services.question(work, segment)
    return FilterForms(row=asked.row, ids=asked.ids(), many=(segment.number or 0) > contacts_list.NARROW)
