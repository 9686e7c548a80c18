"""The signature is checked as the guide shows."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plugins.rest_api.signing import HEADER, sign

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "guide" / "webhooks.md").read_text("utf-8")
BODY = '{"id":"evt_1","data":{"first_name":"Zoë"}}'.encode()


@pytest.fixture
def genuine() -> Callable[..., bool]:
    """The function of the guide."""
    (code,) = re.findall(r'^```python title="receiver.py"\n(.*?)^```$', GUIDE, re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code, "receiver.py", "exec"), names)
    return names["genuine"]  # type: ignore[no-any-return]


def test_what_we_sign_is_genuine(genuine: Callable[..., bool]) -> None:
    """A delivery of ours passes, whatever letters the secret has, and the guide names the header that carries it."""
    for secret in ("whsec_abc", "käse 🧀"):
        assert genuine(sign(secret, int(time.time()), BODY), BODY, secret)
    assert HEADER in GUIDE


def test_everything_else_is_not(genuine: Callable[..., bool]) -> None:
    """Another body, secret or instant, an old delivery, and headers of any other form are refused without an error."""
    now = int(time.time())
    good = sign("secret", now, BODY)
    assert not genuine(good, BODY + b" ", "secret")
    assert not genuine(good, BODY, "Secret")
    assert not genuine(good.replace(f"t={now}", f"t={now + 1}"), BODY, "secret")
    for at in (now - 301, now + 301, 0):
        assert not genuine(sign("secret", at, BODY), BODY, "secret")
    for header in (
        "",
        ",",
        "t=",
        "v1=",
        f"t={now}",
        f"t={now},v1=",
        "t=x,v1=y",
        f"t={now},v1=ü",
        "t=²,v1=0",
        good[:-1],
    ):
        assert not genuine(header, BODY, "secret"), header
