"""Options that several commands share, and how they are read."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_profile(parser: argparse.ArgumentParser) -> None:
    """`--profile` and `--runs`."""
    parser.add_argument(
        "--profile", default="digits", metavar="NAME|FILE", help="a shipped profile or a .toml file (default: digits)"
    )
    add_runs(parser)


def add_runs(parser: argparse.ArgumentParser) -> None:
    """`--runs`."""
    parser.add_argument(
        "--runs", type=Path, default=Path("runs"), metavar="DIR", help="where results are kept (default: runs)"
    )


def part_of(text: str) -> tuple[int, int]:
    """`K/N` as numbers.

    Raises:
        argparse.ArgumentTypeError: not of that form, or K is not between 1 and N.
    """
    which, _, count = text.partition("/")
    if not (which.isdigit() and count.isdigit() and 1 <= int(which) <= int(count)):
        raise argparse.ArgumentTypeError(f"expected K/N with K from 1 to N, e.g. 1/4, given {text!r}")
    return int(which), int(count)


def positive(text: str) -> int:
    """A whole number of at least 1.

    Raises:
        argparse.ArgumentTypeError: it is not.
    """
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, given {text!r}")
    return int(text)
