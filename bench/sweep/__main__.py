"""`python -m bench.sweep`: works or refused because, for every network and method, in a table. Resumable."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bench.sweep import record, table
from bench.sweep.bounded import Bounds
from bench.sweep.pairs import METHODS, classifiers, every_method, pairs

DONE, FAULTS = 0, 1


def main(arguments: list[str] | None = None) -> int:
    """Work what is not recorded yet, one pair at a time, and write the table after each network.

    Returns:
        1 if a pair ended in an error that is no sentence, else 0.
    """
    options = _options(arguments)
    bounds = Bounds(options.seconds, options.memory * 2**30)
    for number, (network, method) in enumerate(chosen := list(pairs(options.networks, options.methods)), 1):
        outcome = record.known(options.kept, network, method, options.size, bounds)
        if outcome is None or (options.again and outcome.state != "works"):
            outcome = record.work(options.kept, network, method, options.size, bounds)
            print(f"{number}/{len(chosen)}  {network}  {method}  {outcome.sentence()}", flush=True)
        if options.out and (number % len(options.methods) == 0 or number == len(chosen)):
            options.out.write_text(table.markdown(record.everything(options.kept), bounds), encoding="utf-8")
    faults = [outcome for outcome in record.everything(options.kept) if outcome.state == "fault"]
    return FAULTS if faults else DONE


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.sweep", description=__doc__, allow_abbrev=False)
    parser.add_argument(
        "--networks",
        nargs="+",
        metavar="NAME",
        help="of torchvision, else of the zoo (default: torchvision's classifiers)",
    )
    parser.add_argument(
        "--methods", nargs="+", metavar="METHOD", default=list(METHODS), help="labels of variants, or `all`"
    )
    parser.add_argument("--size", type=int, default=224, help="of the images, pixels (default: 224)")
    parser.add_argument("--seconds", type=int, default=600, help="of processor time, for one pair (default: 600)")
    parser.add_argument("--memory", type=int, default=8, help="GiB, for one pair (default: 8)")
    parser.add_argument("--again", action="store_true", help="work again what was refused or failed")
    parser.add_argument("--kept", type=Path, default=Path("runs/.sweep"), metavar="DIR", help="(default: runs/.sweep)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the table there, e.g. docs/sweep.md")
    options = parser.parse_args(arguments)
    options.networks = options.networks or classifiers()
    options.methods = every_method() if options.methods == ["all"] else options.methods
    return options


if __name__ == "__main__":
    sys.exit(main())
