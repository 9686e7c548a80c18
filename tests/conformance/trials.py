"""Tries each plugin in a process that no other plugin was in.

    python -m tests.conformance.trials TEMPLATE FOLDER ID…      says, as JSON, what is wrong with which

TEMPLATE is an SQLite file with the core's tables. The core is imported and tried once, so that its templates and statements are
compiled; each trial then begins as a copy of this process.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from crmhost.host import lifecycle, trial
from crmhost.site import Site
from crmhost.testing_sites import careless, make_config, share_compiled


def main(template: Path, folder: Path, plugins: Sequence[str]) -> int:
    """Tries all of them; 1 when one fails."""
    trial.try_out(_site(template, folder / "core"), (), ())
    gc.collect()
    gc.freeze()
    gc.disable()
    wrong = {name: reason for name in plugins if (reason := _apart(template, folder / name, name))}
    print(json.dumps(wrong, indent=1))
    return 1 if wrong else 0


def _apart(template: Path, folder: Path, plugin: str) -> str:
    """Why a plugin fails in a process of its own; empty when it passes."""
    answers, answer = os.pipe()
    child = os.fork()
    if child:
        os.close(answer)
        with os.fdopen(answers, "rb") as stream:
            reason = stream.read().decode()
        _, status = os.waitpid(child, 0)
        return reason or (f"It ended its process: {status}." if status else "")
    reason = "It ended the trial."
    try:
        reason = _tried(template, folder, plugin)
    finally:
        os.write(answer, reason.encode()[:60_000])
        os._exit(0)


def _tried(template: Path, folder: Path, plugin: str) -> str:
    try:
        site = _site(template, folder)
        chain = lifecycle.plan_enable(site, [plugin])[2]
        trial.try_out(site, chain, chain)
    except Exception:
        return traceback.format_exc()
    return ""


def _site(template: Path, home: Path) -> Site:
    home.mkdir(parents=True)
    shutil.copy(template, home / "trial.sqlite")
    site = Site(make_config(home, f"sqlite:///{home / 'trial.sqlite'}"), kind="test")
    careless(site.engine)
    share_compiled(site.engine)
    return site


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]))
