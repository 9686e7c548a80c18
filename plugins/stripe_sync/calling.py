"""Stripe's own library, whose calls go through the host's checked connections, and what its failures mean here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from crmhost.api import GiveUp, Message, RetryLater, http
from plugins.syncs.api import Access

if TYPE_CHECKING:
    import stripe

#: The version of the interface that answers are asked in.
VERSION = "2026-06-24.dahlia"
_LARGEST = 20 * 1024 * 1024
_TIMEOUTS = http.Timeouts(connect=10, read=60, total=90)


class Absent(Exception):  # the account lacks it, which is no failure
    """There is no such record."""


class Refused(GiveUp):
    """The key may not do this."""


def client(access: Access) -> stripe.StripeClient:
    """What calls the account of a connection; it imports the library, which takes a while."""
    import stripe

    stripe.enable_telemetry = False
    base = str(access.fields.get("api_base") or "").rstrip("/")
    return stripe.StripeClient(
        str(access.fields["api_key"]),
        http_client=transport(access.send),
        base_addresses={"api": base} if base else {},
        stripe_version=VERSION,
        max_network_retries=0,
    )


def transport(send: Callable[..., http.Response]) -> Any:
    """Carries the library's calls by a function such as :func:`crmhost.api.http.request`."""
    import stripe

    class Checked(stripe.HTTPClient):
        """Stripe's calls over connections that reach no private network and end in time."""

        name = "crmhost"

        def request(
            self,
            method: str,
            url: str,
            headers: Mapping[str, str] | None,
            post_data: Any = None,
            *,
            _usage: list[str] | None = None,
        ) -> Any:
            """Body, status and headers of an answer."""
            body = post_data.encode() if isinstance(post_data, str) else post_data or b""
            answer = send(method.upper(), url, headers=headers or {}, body=body, timeouts=_TIMEOUTS, limit=_LARGEST)
            return answer.body, answer.status, answer.headers

        def close(self) -> None:
            """Nothing is kept open."""

    return Checked()


def failure(error: stripe.StripeError) -> Exception:
    """What a refusal of Stripe's is here: :class:`Absent`, RetryLater or GiveUp."""
    import stripe

    status = error.http_status or 0
    headers = error.headers or {}
    if isinstance(error, stripe.RateLimitError) or status == 429:
        wait = str(headers.get("retry-after") or headers.get("Retry-After") or "")
        return RetryLater(min(float(wait), 3600.0) if wait.isdigit() else 0.0, Message("Stripe asks us to wait."))
    # A page that is to begin after a record which was deleted meanwhile is refused as a wrong question.
    if status == 404 or (error.code == "resource_missing" and getattr(error, "param", "") == "starting_after"):
        return Absent()
    if isinstance(error, stripe.AuthenticationError):
        return GiveUp(Message("Stripe refuses the key: make a new one under Developers > API keys."))
    if isinstance(error, stripe.PermissionError):
        return Refused(Message("The key may not read this: give it more rights, as the steps say."))
    if status >= 500 or status < 400:
        return RetryLater(0, Message("Stripe has a fault just now (HTTP %(status)s).", status=str(status)))
    said = str(error.user_message or "")[:200]
    return GiveUp(Message("Stripe refuses the question (HTTP %(status)s): %(said)s", status=str(status), said=said))
