"""Words that scripts put on the page, in the reader's language: the attribute ``data-texts`` of the page."""

from __future__ import annotations

import json

from flask_babel import get_locale
from flask_babel import gettext as _

from .i18n import SOURCE_LOCALE


def script_texts() -> str:
    """The words as JSON; empty in English, which the scripts hold themselves."""
    locale = get_locale()
    if locale is None or locale.language == SOURCE_LOCALE:
        return ""
    return json.dumps(
        {
            "cancel": _("Cancel"),
            "close": _("Close"),
            "confirm": _("Continue"),
            "undo": _("Undo"),
            "failed": _("That did not work: the server reported an error. Nothing was changed."),
            "offline": _("The server can't be reached. What you typed is still here; try again in a moment."),
            "leave": _("Leave without saving?"),
            "leaveDetail": _("What you changed on this page is not saved yet."),
            "leaveButton": _("Leave"),
            "stayButton": _("Keep editing"),
            "typeToConfirm": _("Type {word} to continue"),
            "signedOut": _("You were signed out"),
            "signedOutDetail": _(
                "What you typed is still here. Sign in again in a new tab, come back, and it will be sent."
            ),
            "signIn": _("Sign in"),
            "keys": _("Keyboard shortcuts"),
            "keySearchAll": _("Search everything"),
            "keySave": _("Save the form"),
            "keyMove": _("Down and up in the list"),
            "keyOpen": _("Open the row"),
            "keySelect": _("Select the row"),
            "keyBar": _("To the actions for what is selected"),
            "keyUndo": _("Undo what a notice just told"),
            "keyHelp": _("Show these keys"),
            "search": _("Search contacts, records, pages and actions"),
            "searchHint": _("Type a name, a number or what you want to do"),
            "nothingFound": _("Nothing found"),
            "addNew": _("Add “{name}”"),
            "remove": _("Remove"),
            "moved": _("Moved to place {place} of {count}"),
            "lifted": _("Lifted. Arrow keys move it, Space puts it down, Escape puts it back."),
            "dropped": _("Put down at place {place} of {count}"),
            "putBack": _("Put back"),
            "notMoved": _("The new order could not be saved, so it was put back."),
            "draftFound": _("You had typed something here that was not saved."),
            "draftRestore": _("Bring it back"),
            "draftDrop": _("Discard it"),
            "copied": _("Copied"),
            "signFirst": _("Draw your signature first, or choose “Type it”."),
        },
        ensure_ascii=False,
    )
