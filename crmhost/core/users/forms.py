"""Forms of users and roles."""

from __future__ import annotations

from typing import ClassVar

from flask_babel import lazy_gettext as __

from ...web.forms import ChoiceField, EmailField, Form, Section, SwitchField, TextField
from ...web.forms.fields import NewPasswordField


class NewUserForm(Form):
    """A new user."""

    email = EmailField(__("E-mail"), render_kw={"autocomplete": "off", "required": True})
    name = TextField(__("Name"), render_kw={"autocomplete": "off", "maxlength": 120})
    role = ChoiceField(__("Role"))
    password = NewPasswordField(
        __("Password"),
        description=__("Leave it empty to send, or get, a link with which they choose one themselves."),
    )

    sections: ClassVar[list[Section]] = [Section("user", "", {"email": 3, "name": 3, "role": 3, "password": 3})]


class UserForm(Form):
    """A user that is there."""

    name = TextField(__("Name"), render_kw={"autocomplete": "off", "maxlength": 120})
    role = ChoiceField(__("Role"))
    only_assigned = SwitchField(
        __("Sees only the contacts assigned to them"),
        description=__("The limit holds in lists, search, dashboards, the API and exports."),
    )
