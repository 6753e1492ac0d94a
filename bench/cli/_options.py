"""Options that several commands share, and how they are read."""

from __future__ import annotations

import argparse
from pathlib import Path

from bench import profile
from bench.folders import is_file
from bench.runner import plan_file

DIGITS = 18  # of a count or a size; more may not fit 64 bits


def add_profile(parser: argparse.ArgumentParser) -> None:
    """`--profile` and `--runs`."""
    parser.add_argument(
        "--profile", default="digits", metavar="NAME|FILE", help="a shipped profile or a .toml file (default: digits)"
    )
    add_runs(parser)


def add_runs(parser: argparse.ArgumentParser) -> None:
    """`--runs`."""
    parser.add_argument(
        "--runs", type=folder, default=Path("runs"), metavar="DIR", help="where results are kept (default: runs)"
    )


def folder(text: str) -> Path:
    """A folder, which need not be there yet.

    Raises:
        argparse.ArgumentTypeError: something else is there, or nothing can have that name.
    """
    path = Path(text)
    try:
        taken = path.exists() and not path.is_dir()
    except (OSError, ValueError) as error:  # too long
        reason = getattr(error, "strerror", None) or error
        raise argparse.ArgumentTypeError(f"{text[:90]!r} cannot be a folder: {reason}") from error
    if taken:
        raise argparse.ArgumentTypeError(f"{text!r} cannot be a folder, since it is a file")
    return path


def results(runs: Path, name_or_path: str) -> Path:
    """The folder of a profile's results, whether the profile still exists or a search made them.

    Raises:
        InputError: there are none, and no such profile.
    """
    # A folder with a plan can be reported whatever became of the profile. Its name comes first, so that results of
    # one's own are found even if a shipped profile has the same name.
    folder = runs / name_or_path
    return folder if is_file(folder / plan_file.NAME) else runs / profile.find(name_or_path).stem


def add_subject(parser: argparse.ArgumentParser) -> None:
    """Options that name a model, a method and the shape of the images."""
    parser.add_argument(
        "--model", required=True, help="of the zoo, torchvision:NAME, timm:NAME, or package.module:function"
    )
    parser.add_argument(
        "--method", required=True, help="a method, package.module:Class, or a chain: magnitude:sparsity=0.9+huffman"
    )
    parser.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a setting of the (last) method; give several times for several",
    )
    parser.add_argument("--checkpoint", type=Path, help="weights: safetensors, or a weights-only .pth")
    parser.add_argument("--classes", type=positive, help="default: 10; torchvision's and timm's own number")
    parser.add_argument("--channels", type=positive, default=3, help="of the images (default: 3)")
    parser.add_argument(
        "--size", type=positive, help="of the images, pixels (default: 32; torchvision 224; timm's own)"
    )


def part_of(text: str) -> tuple[int, int]:
    """`K/N`, the K-th of N parts, as two numbers.

    Raises:
        argparse.ArgumentTypeError: not of that form, or K is not between 1 and N.
    """
    which, _, count = text.partition("/")
    if not (which.isdecimal() and count.isdecimal() and 1 <= int(which) <= int(count)):
        raise argparse.ArgumentTypeError(f"expected K/N with K from 1 to N, e.g. 1/4, given {text!r}")
    return int(which), int(count)


def positive(text: str) -> int:
    """A whole number of at least 1.

    Raises:
        argparse.ArgumentTypeError: it is not, or is beyond 18 digits, which fit no size or count.
    """
    if not text.isdecimal() or len(text) > DIGITS or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, given {text!r}")
    return int(text)


def not_negative(text: str) -> int:
    """A whole number of at least 0.

    Raises:
        argparse.ArgumentTypeError: it is not, or is beyond 18 digits.
    """
    if not (text.isascii() and text.isdecimal()) or len(text) > DIGITS:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 0, given {text!r}")
    return int(text)
