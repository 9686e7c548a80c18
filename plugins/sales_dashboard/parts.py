"""The box on the main dashboard."""

from __future__ import annotations

from crmhost.api import Work
from crmhost.web.api import gettext, render_template

from . import asked as asking
from . import figures, firsts, gathered, overview
from .metrics import METRICS

#: What the box is of.
_PERIOD = {"period": "30", "grain": "day", "compare": "before"}


def widget(work: Work) -> str:
    """The last thirty days in seven figures."""
    asked = asking.read(work, _PERIOD)
    found = gathered.gather(asked)
    currency = asked.currency or gettext("All in %(currency)s", currency=asked.shown)
    return render_template(
        "sales_dashboard/widget.html",
        cards=[overview.card(asked, metric, found) for metric in METRICS],
        words=asked.words,
        past=asked.past_words,
        currency=currency if len(asked.currencies) > 1 else "",
    )


def first_sales(work: Work) -> list[tuple[str, str]]:
    """Currencies of which the first sale of each customer can be asked for."""
    known = figures.currencies(work)
    return [*((code, code) for code in known), *([(firsts.ALL, gettext("All currencies"))] if len(known) > 1 else [])]
