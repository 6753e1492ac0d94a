"""How each cell of a profile's last plan stands: done, failed or damaged and why, or missing.

Every byte is checked, as `run` and `report` do.
"""

from __future__ import annotations

import argparse
import json

from bench import cli
from bench.cli import _options
from bench.errors import InputError
from bench.runner import plan_file
from bench.runner.drive import Status, standing
from bench.runner.store import Store

HELP = "show what is done, failed or damaged (and why) and missing"
EXAMPLE = "python -m bench status --profile digits"
STATES = ("done", "failed", "refused", "damaged", "missing")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    _options.add_profile(parser)
    parser.add_argument("--json", action="store_true", help="print JSON, one object per line and cell")


def execute(options: argparse.Namespace) -> int:
    """Run the command."""
    store = Store(_options.results(options.runs, options.profile))
    cells = _planned(store)
    states = standing(cells, store)
    rows = [(cell.name, states[cell.key]) for cell in cells]
    for name, status in rows:
        if options.json:  # one object per line, for `jq` and the like
            print(json.dumps({"cell": name, "state": status.state, "reason": status.reason}))
        elif status.state != "done":
            print(_line(name, status))
    if not options.json:
        print(", ".join(f"{sum(status.state == state for _, status in rows)} {state}" for state in STATES))
    return cli.OK


def _planned(store: Store) -> tuple[plan_file.PlannedCell, ...]:
    """The cells of the last plan."""
    # The plan of the last run counts, not the profile: its file may have been edited since, or be gone.
    file = store.folder / "plan.json"
    if not file.is_file():
        raise InputError(
            f"profile {store.folder.name!r} was never run: there is no {file}; start with `python -m bench run`"
        )
    return plan_file.read(store.folder).cells


def _line(name: str, status: Status) -> str:
    return f"{status.state:8} {name}" + (f": {status.reason}" if status.reason else "")
