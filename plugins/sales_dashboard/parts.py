"""The box on the main dashboard."""

from __future__ import annotations

from crmhost.api import Work
from crmhost.web.api import render_template

from . import asked as asking
from . import gathered, overview

#: Figures of the box, and what they are of.
SHOWN = ("gross_revenue", "net_revenue", "average_revenue_per_customer", "new_customers")
_PERIOD = {"period": "30", "grain": "day", "compare": "before"}


def widget(work: Work) -> str:
    """The last thirty days in four figures."""
    asked = asking.read(work, _PERIOD)
    found = gathered.gather(asked)
    return render_template(
        "sales_dashboard/widget.html",
        cards=[overview.card(asked, metric, found) for metric in SHOWN],
        words=asked.words,
        past=asked.past_words,
    )
