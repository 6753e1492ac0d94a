"""Every similarity measure for two activation files, with intervals over images.

Each file is an NPZ with an array `activations` of shape (n, d): n images in the same order, d features.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from bench import cli

HELP = "compare the activations in two files"
EXAMPLE = "python -m bench similarity original.npz compressed.npz --json"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("a", type=Path, metavar="A.npz", help="activations of one network")
    parser.add_argument("b", type=Path, metavar="B.npz", help="activations of the other, on the same images")
    parser.add_argument(
        "--measures", nargs="+", default=[], metavar="NAME", help="only these (default: all), or package.module:Class"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def execute(options: argparse.Namespace) -> int:
    """Run the command."""
    from bench.similarity.activation_files import compare_files

    rows = compare_files(options.a, options.b, names=options.measures)
    print(json.dumps(rows, indent=1) if options.json else "\n".join(map(_line, rows)))
    return cli.OK


def _line(row: dict[str, Any]) -> str:
    if row["refused"]:
        return f"{row['measure']:28} refused: {row['refused']}"
    interval = f"[{_number(row['low'])}, {_number(row['high'])}]"
    likeness = "larger is more alike" if row["larger_is_similar"] else "smaller is more alike"
    warning = f"  ({row['warning']})" if row["warning"] else ""
    return f"{row['measure']:28} {_number(row['value']):>10}  {interval:24} {likeness}{warning}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
