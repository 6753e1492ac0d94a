"""Render `report/` from what is in `runs/`: an HTML page, a LaTeX appendix, and the data of every table."""

from __future__ import annotations

import argparse
from pathlib import Path

from bench import cli, profile, render
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
    parser.add_argument(
        "--full",
        action="store_true",
        help="also compile appendix-full.pdf, with every table and figure, and write every figure as wide as a column",
    )
    parser.add_argument("--templates", type=Path, metavar="DIR", help="your own templates, in DIR/html and DIR/latex")


def execute(options: argparse.Namespace) -> int:
    """Run the command."""
    # A profile may be named twice, by its name and by its file: a folder is reported once. The `[report]` table is read
    # from the profile as it is now, so that a title or a colour can be changed without another run.
    named: dict[Path, str] = {}
    for name in options.profile:
        named.setdefault(_options.results(options.runs, name), name)
    themes = [profile.report_table(name) for name in named.values()]
    print(render.report(list(named), options.out, options.templates, themes, full=options.full).text)
    return cli.OK
