"""The plugin host: switching under load, memory over rebuilds, the price of plugins."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crmhost.host import beats, lifecycle
from crmhost.host.builder import build
from crmhost.site import Site

from . import sites
from .load import Answers, Load, Server, free_port
from .report import Report, median_ms, percentile, resident_kib
from .sites import Place

TOGGLES = 60
RATE = 50.0
#: Plugin that is switched; its own page may be away, everybody else's must not.
SWITCHED = "funnel"
PATHS = (
    ("/contacts/", (200,)),
    ("/", (200,)),
    ("/login", (200, 302)),
    ("/funnel/", (200, 404)),
    ("/settings/", (200, 302)),
)


def main(databases: str = "both") -> int:
    """Runs all measurements; gives the number of figures that must hold and don't."""
    failed = 0
    with sites.places(databases=databases) as places:
        for place in places:
            sites.set_up(place)
            for kind in ("gunicorn", "waitress"):
                failed += switch_under_load(place, kind)
        failed += memory_over_rebuilds(places[0])
        failed += price_of_plugins(places[0])
    return failed


def switch_under_load(place: Place, kind: str, toggles: int = TOGGLES) -> int:
    """Switches a plugin off and on while requests come in, and counts what fails."""
    processes = "2 workers x 8 threads" if kind == "gunicorn" else "one process"
    report = Report(f"Switching under load, {place.label}, {kind} ({processes}), {RATE:.0f} requests a second")
    site = place.site()
    server = Server(place, free_port(), kind=kind)
    try:
        cookie = f"crmhost_session={sites.session_token(site)}"
        calm = _calm(server.port, cookie)
        load = Load(server.port, cookie, PATHS, rate=RATE).start()
        spread = []
        for number in range(toggles):
            started = time.perf_counter()
            switch = lifecycle.enable if number % 2 else lifecycle.disable
            switched = switch(site, [SWITCHED], follow=0)
            spread.append(_seen_everywhere(site, switched.generation, started))
            time.sleep(0.25)
        swapping = load.stop()
    finally:
        server.close()
        site.close()
    count = len(swapping.times)
    report.figure("failed requests", f"{len(swapping.failures)} of {count}", must=not swapping.failures)
    for failure in swapping.failures[:5]:
        print(f"    {failure}")
    report.figure(
        "switch seen in every process, longest of " + str(toggles), f"{max(spread):.2f} s", must=max(spread) <= 2
    )
    allowed = max(3 * calm.p99, 150)
    shown = f"{calm.p99:.0f} and {swapping.p99:.0f} ms (allowed {allowed:.0f})"
    holds = swapping.p99 <= allowed
    # One process is busy with 50 requests a second already: what is promised is promised for two workers.
    if kind == "gunicorn":
        report.figure("p99 without and with switching", shown, must=holds)
    else:
        report.figure("p99 without and with switching", shown, aim=holds)
    report.figure("median without and with switching", f"{calm.p50:.1f} and {swapping.p50:.1f} ms")
    return report.failed


def _calm(port: int, cookie: str) -> Answers:
    warm = Load(port, cookie, PATHS, rate=RATE).start()
    time.sleep(3)
    warm.stop()
    load = Load(port, cookie, PATHS, rate=RATE).start()
    time.sleep(12)
    return load.stop()


def _seen_everywhere(site: Site, number: int, started: float) -> float:
    """Seconds until every living process reports the generation."""
    while time.perf_counter() - started < 10:
        with site.engine.connect() as connection:
            processes = beats.living(connection, site.clock())
        if processes and all(row.generation >= number for row in processes):
            break
        time.sleep(0.02)
    return time.perf_counter() - started


# --- in processes of their own, so that nothing measured before weighs on them -----------------------------------------


def memory_over_rebuilds(place: Place) -> int:
    """Memory after 200 rebuilds against that after 5."""
    report = Report("Rebuilding, all bundled plugins")
    figures = _child("rebuilds", place)
    growth = figures["after_200"] / figures["after_5"] - 1
    report.figure(
        "memory after 5 and 200 rebuilds",
        f"{figures['after_5'] / 1024:.1f} and {figures['after_200'] / 1024:.1f} MiB ({growth:+.1%})",
        must=growth <= 0.05,
    )
    report.figure(
        "one rebuild, median (p95)", f"{figures['median']:.0f} ms ({figures['p95']:.0f})", aim=figures["median"] < 150
    )
    report.figure(
        "process that serves pages", f"{figures['after_5'] / 1024:.0f} MiB", aim=figures["after_5"] < 130 * 1000
    )
    return report.failed


def price_of_plugins(place: Place) -> int:
    """A page with 50 trivial plugins against the same page with none."""
    report = Report("A page with 50 trivial plugins against one with none")
    figures = _child("plugins", place)
    for page in ("/contacts/", "/"):
        none, fifty = figures[page]
        report.figure(
            f"{page} without and with",
            f"{none:.2f} and {fifty:.2f} ms (x {fifty / none:.3f})",
            must=fifty / none <= 1.15,
        )
    return report.failed


def _child(name: str, place: Place) -> dict:  # type: ignore[type-arg]
    done = subprocess.run(
        [sys.executable, "-m", "bench.host", name], env=place.environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-4000:])
    return json.loads(done.stdout.splitlines()[-1])


def _rebuilds() -> dict[str, float]:
    from crmhost import config

    site = Site(config.load(), kind="web")
    token = sites.session_token(site)
    order, refused = site.plan(site.wanted())
    times: list[float] = []
    memory: dict[int, int] = {}
    for number in range(1, 201):
        started = time.perf_counter()
        generation = build(site, number, order, refused)
        times.append((time.perf_counter() - started) * 1000)
        assert generation.app is not None
        client = generation.app.test_client()
        client.set_cookie("crmhost_session", token)
        for path in ("/", "/contacts/", "/funnel/"):
            assert client.get(path).status_code == 200
        # As the watcher does after each swap.
        gc.collect()
        if number in (5, 200):
            memory[number] = resident_kib()
    site.close()
    steady = times[5:]
    return {
        "after_5": memory[5],
        "after_200": memory[200],
        "median": percentile(steady, 0.5),
        "p95": percentile(steady, 0.95),
    }


@contextmanager
def _trivial_plugins(number: int) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        for place in range(number):
            name = f"trivial{place}"
            home = Path(folder) / name
            home.mkdir()
            (home / "plugin.toml").write_text(
                f'id = "{name}"\nname = "Trivial {place}"\nversion = "1.0"\napi = ">=1,<2"\n'
            )
            (home / "__init__.py").write_text(
                "from flask import Blueprint\nfrom crmhost.hooks import hookimpl\n\n\nclass Plugin:\n"
                f"    @hookimpl\n    def routes(self):\n        pages = Blueprint('{name}', __name__)\n"
                "        pages.add_url_rule('/', 'index', lambda: 'ok')\n        return [pages]\n\n"
                f"    @hookimpl\n    def permissions(self):\n        return [{{'name': '{name}.view', 'label': 'See it'}}]\n"
            )
        yield Path(folder)


def _plugins() -> dict[str, tuple[float, float]]:
    from crmhost import config
    from crmhost.host import registry, resolver

    site = Site(config.load(), kind="web")
    token = sites.session_token(site)
    with _trivial_plugins(50) as folder:
        registry.open_namespace([folder])
        found = registry.discover([("home", folder)], entry_points=False).found
        order = [found[name] for name in resolver.resolve(found, list(found)).order]
        clients = []
        for plugins in ([], order):
            app = build(site, 1, plugins).app
            assert app is not None
            client = app.test_client()
            client.set_cookie("crmhost_session", token)
            clients.append(client)
        figures: dict[str, tuple[float, float]] = {}
        for page in ("/contacts/", "/"):
            rounds: list[tuple[float, float]] = []
            for _ in range(7):
                none, fifty = (median_ms(lambda client=client, page=page: client.get(page), 40) for client in clients)
                rounds.append((none, fifty))
            rounds.sort(key=lambda pair: pair[1] / pair[0])
            figures[page] = rounds[len(rounds) // 2]
    site.close()
    return figures


if __name__ == "__main__":
    print(json.dumps({"rebuilds": _rebuilds, "plugins": _plugins}[sys.argv[1]]()))
