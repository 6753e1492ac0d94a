"""Measure by simulation whether intervals cover, tests keep their level and reports their promises; resumable."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bench import cli
from bench.cli import _options

if TYPE_CHECKING:
    from bench.calibrate.rates import MeasuredRate

HELP = "whether intervals, tests and whole reports keep their promises, simulated"
EXAMPLE = 'python -m bench calibrate --size quick --only "tails/*"'


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "--size",
        choices=("quick", "default", "full"),
        default="default",
        help="quick: minutes; default: under an hour on 2 cores; full: every measure and 1,000 whole studies a "
        "condition, a night (default: default)",
    )
    parser.add_argument(
        "--replications", type=_options.positive, metavar="N", help="samples per usual scenario, instead of the size's"
    )
    parser.add_argument("--only", default="*", metavar="GLOB", help="only scenarios whose name matches")
    parser.add_argument("--jobs", type=_options.positive, metavar="N", help="worker processes (default: one per core)")
    parser.add_argument(
        "--folder",
        type=_options.folder,
        default=Path("runs/.calibration"),
        help="where results are kept (default: runs/.calibration)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def execute(options: argparse.Namespace) -> int:
    """Run the command."""
    from bench.calibrate.run import REPLICATIONS, calibrate, note

    jobs = options.jobs or len(os.sched_getaffinity(0))
    rows = calibrate(
        options.folder,
        replications=options.replications or REPLICATIONS[options.size],
        jobs=jobs,
        only=options.only,
        thorough=options.size == "full",
        progress=_say_progress,
    )
    if options.only == "*" and options.replications is None:
        note(options.folder, options.size)
    print(json.dumps([row.as_dict() for row in rows], indent=1) if options.json else "\n".join(map(_line, rows)))
    return cli.OK


def _say_progress(name: str, done: int, total: int) -> None:
    print(f"{done}/{total} {name}", file=sys.stderr, flush=True)


def _line(row: MeasuredRate) -> str:
    size = " ".join(filter(None, (f"n={row.images}" if row.images else "", f"S={row.seeds}" if row.seeds else "")))
    measured = f"{row.measured:.3f} [{row.low:.3f}, {row.high:.3f}]"
    warned = f", warned in {row.warned:.0%}" if row.warned else ""
    return f"{row.what:64.64} {row.scenario:44.44} {size:14} {row.nominal:.4g} {measured}  {row.status}{warned}"
