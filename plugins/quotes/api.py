"""What other extensions may use of quotes."""

from __future__ import annotations

from collections.abc import Sequence

from crmhost.api import Work, links

from . import accepting, versions
from .models import KIND, Acceptance, Quote, Version

__all__ = ["KIND", "Acceptance", "Quote", "QuotesService", "Version"]


class QuotesService:
    """Quotes for other extensions, such as a portal: ``work.service("quotes")``. Drafts and quotes in the bin are not shown.

    Whether the actor may see or decide in a client's name, the caller asks first: it knows who signed in.
    """

    def __init__(self, work: Work) -> None:
        self._work = work

    def of_contact(self, contact_id: int, limit: int = 50) -> list[Quote]:
        """What was sent to a contact, the newest first."""
        wanted = self._work.visible(Quote).where(Quote.contact_id == contact_id, Quote.version_id.is_not(None))
        newest = wanted.order_by(Quote.date.desc(), Quote.id.desc()).limit(limit)
        return list(self._work.session.scalars(newest))

    def shown(self, quote_id: int) -> tuple[Quote, Version]:
        """A quote that was sent, and the version that the client sees.

        :raises NotFound: when there is none, or it was never sent.
        """
        return versions.shown(self._work, quote_id)

    def by_link(self, token: str) -> tuple[Quote, Version]:
        """A quote by the token of its easy-access link.

        :raises NotFound: when the link opens nothing, or no more.
        """
        return versions.shown(self._work, links.find(self._work, KIND, token).object_id)

    def seen(self, quote_id: int) -> Quote:
        """Notes that the client looks at it."""
        return accepting.seen(self._work, quote_id)

    def accept(
        self,
        quote_id: int,
        *,
        digest: str,
        name: str,
        drawing: str = "",
        email: str = "",
        address: str = "",
        agent: str = "",
    ) -> Acceptance:
        """Accepts it in the portal; see :func:`plugins.quotes.accepting.accept`."""
        return accepting.accept(
            self._work, quote_id, digest=digest, name=name, drawing=drawing, email=email, address=address, agent=agent,
            by="portal",
        )  # fmt: skip

    def decline(self, quote_id: int, *, digest: str, reason: str = "") -> Quote:
        """Declines it."""
        return accepting.decline(self._work, quote_id, digest=digest, reason=reason)

    def counts(self, contact_ids: Sequence[int]) -> dict[int, int]:
        """Contact -> number of quotes that the actor may see."""
        from . import queries

        return queries.counts(self._work, "contact_id", contact_ids)
