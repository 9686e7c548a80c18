"""The catalogues that come with crmhost are complete."""

from __future__ import annotations

from pathlib import Path

import pytest

from crmhost.host import catalogue
from tests import pseudo


@pytest.mark.parametrize("folder", pseudo.folders(), ids=lambda folder: folder.name)
def test_french_is_complete(folder: Path) -> None:
    """Each text of the core, of each bundled plugin and theme has a translation with the same places for values, and no other;
    ``crmhost plugin translate FOLDER fr`` finds what is new.
    """
    assert catalogue.problems(folder, "fr") == []
