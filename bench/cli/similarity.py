"""Every similarity measure for two activation files, with intervals over images.

Each file is an NPZ with an array `activations` of shape (n, d): n images in the same order, d features.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from bench import cli

HELP = "compare the activations in two files"
EXAMPLE = "python -m bench similarity original.npz compressed.npz --json"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("a", type=Path, metavar="A.npz", help="activations of one network")
    parser.add_argument("b", type=Path, metavar="B.npz", help="activations of the other, on the same images")
    parser.add_argument("--json", action="store_true", help="print JSON")


def execute(options: argparse.Namespace) -> int:
    """Run the command."""
    from bench.similarity import _compare_files

    rows = _compare_files.compare_files(options.a, options.b)
    print(json.dumps(rows, indent=1) if options.json else _compare_files.as_text(rows))
    return cli.OK
