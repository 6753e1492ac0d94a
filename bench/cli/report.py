"""Render `report/` from what is in `runs/`: an HTML page, a LaTeX appendix, and the data of every table."""

from __future__ import annotations

import argparse
from pathlib import Path

from bench import cli
from bench.cli import _options

HELP = "render the report from what was measured"
EXAMPLE = "python -m bench report --profile digits --out report"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "--profile", nargs="+", default=["digits"], metavar="NAME|FILE", help="one profile or several (default: digits)"
    )
    _options.add_runs(parser)
    parser.add_argument("--out", type=Path, default=Path("report"), metavar="DIR", help="where to (default: report)")
    parser.add_argument("--templates", type=Path, metavar="DIR", help="your own templates, in DIR/html and DIR/latex")


def execute(options: argparse.Namespace) -> int:
    """Run the command."""
    from bench import profile
    from bench.render import report

    named: dict[Path, str] = {}
    for name in options.profile:
        named.setdefault(_options.results(options.runs, name), name)  # each folder once
    themes = [profile.report_table(name) for name in named.values()]
    print(report(list(named), options.out, options.templates, themes).text)
    return cli.OK
