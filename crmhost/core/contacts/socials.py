"""Kinds of social profiles: three that everybody has, and those that an admin adds under Settings > Field options."""

from __future__ import annotations

import re

from ...work.unit import Work
from ..text import clean_line, fold

FIELD = "social_"
#: Setting with one name in each line.
MORE = "contacts.social_kinds"
FIRST = {"social_x": "X", "social_linkedin": "LinkedIn", "social_facebook": "Facebook"}
_LONGEST = 40


def social_kinds(work: Work) -> dict[str, str]:
    """Field of a contact -> what the kind of profile is called: ``social_x``, ``social_linkedin`` …"""
    found = dict(FIRST)
    for name in work.settings.get(MORE) or ():
        label = clean_line(str(name))[:_LONGEST]
        key = re.sub(r"\W+", "_", fold(label)).strip("_")
        if key:
            found.setdefault(FIELD + key, label)
    return found
