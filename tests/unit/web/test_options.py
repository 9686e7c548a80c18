"""Choices of a field are written as WTForms writes them."""

from __future__ import annotations

import pytest
from wtforms.fields.choices import SelectChoice
from wtforms.widgets import Select

from crmhost.web.forms.fields import Options


@pytest.mark.parametrize("value", ["", "x", "a&\"<'b"])
@pytest.mark.parametrize("label", ["y", "L<&>"])
@pytest.mark.parametrize("selected", [True, False])
@pytest.mark.parametrize("more", [None, {"disabled": True}])
def test_options_are_as_the_library_writes_them(
    value: str, label: str, selected: bool, more: dict[str, bool] | None
) -> None:
    """The shorter way gives the same markup, with everything escaped; attributes go the library's way."""
    choice = SelectChoice(value, label, render_kw=more)
    choice.selected = selected
    assert Options.render_option(choice) == Select.render_option(choice)
