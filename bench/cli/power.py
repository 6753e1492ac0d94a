"""How many seeds a claim needs: of a difference, by a paired t test, and of equivalence, by two one-sided tests."""

from __future__ import annotations

import argparse
import json

from bench import cli

HELP = "seeds that a claim needs"
EXAMPLE = "python -m bench power --sd 0.2 --margin 0.3"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--sd", type=float, required=True, help="standard deviation of paired differences over seeds")
    parser.add_argument("--margin", type=float, required=True, help="equivalence margin, in the same unit")
    parser.add_argument("--alpha", type=float, default=0.05, help="level of each test (default: 0.05)")
    parser.add_argument("--power", type=float, default=0.8, help="wanted probability of success (default: 0.8)")
    parser.add_argument("--json", action="store_true", help="print JSON")


def execute(options: argparse.Namespace) -> int:
    """Run the command."""
    from bench.statistics.power import seeds_needed  # it imports SciPy

    needed = seeds_needed(options.sd, options.margin, alpha=options.alpha, power=options.power)
    print(json.dumps(needed.as_dict(), indent=1) if options.json else needed.text)
    return cli.OK
