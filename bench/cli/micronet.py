"""What a network counts by the rules of the MicroNet challenge: lower is better, WideResNet-28-10 in 32 bits has 2.0.

The challenge is about CIFAR-100 at 80% accuracy; for other data the number is a size by the same rules.
"""

from __future__ import annotations

import argparse
import json

from bench import cli
from bench.cli import _options

HELP = "MicroNet score of any model under any method"
EXAMPLE = "python -m bench micronet --model resnet20 --classes 100 --method magnitude --set sparsity=0.9"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    _options.add_subject(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def execute(options: argparse.Namespace) -> int:
    """Run the command."""
    from bench.cli import _sizes

    report = _sizes.micronet_score(_sizes.subject(options))
    print(json.dumps(report, indent=1) if options.json else _sizes.as_text(report))
    return cli.OK
