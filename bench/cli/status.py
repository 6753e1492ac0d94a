"""How each cell of a profile's last plan stands: done, failed and why, or missing."""

from __future__ import annotations

import argparse
import json

from bench import cli
from bench.cli import _options
from bench.errors import InputError
from bench.runner.store import Store

HELP = "show what is done, failed (and why) and missing"
EXAMPLE = "python -m bench status --profile digits"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    _options.add_profile(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object a cell, one a line")


def execute(options: argparse.Namespace) -> int:
    """Run the command."""
    store = Store(_options.results(options.runs, options.profile))
    rows = [(cell["name"], *_state(cell["key"], store)) for cell in _plan(store)["cells"]]
    for row in rows if options.json else [row for row in rows if row[1] != "done"]:
        print(json.dumps(dict(zip(("cell", "state", "reason"), row, strict=True))) if options.json else _line(*row))
    if not options.json:
        counts = {state: sum(row[1] == state for row in rows) for state in ("done", "failed", "refused", "missing")}
        print(", ".join(f"{count} {state}" for state, count in counts.items()))
    return cli.OK


def _plan(store: Store) -> dict:
    file = store.folder / "plan.json"
    if not file.is_file():
        raise InputError(
            f"profile {store.folder.name!r} was never run: there is no {file}; start with `python -m bench run`"
        )
    return json.loads(file.read_bytes())


def _state(key: str, store: Store) -> tuple[str, str]:
    if not store.has(key):
        return "missing", ""
    error = store.error(key)
    return (error["kind"], error["reason"]) if error else ("done", "")


def _line(name: str, state: str, reason: str) -> str:
    return f"{state:8} {name}" + (f": {reason}" if reason else "")
