"""Stripe's interface as ``localstripe`` offers it, in a process of its own that alone imports it: it keeps what it is given, and
tells of it by webhooks.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Iterator

KEY = "sk_test_local_1"


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """Its address, for the time of a ``with``."""
    command = [sys.executable, "-m", "tests.peers.local_stripe"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


async def main() -> None:
    """Serves at a port that is free, which it says first, until it is ended."""
    from aiohttp import web
    from localstripe import resources, server

    # It would keep a copy of everything in a place that all of them share.
    resources.Store.dump_to_disk = lambda _self: None
    runner = web.AppRunner(server.app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
