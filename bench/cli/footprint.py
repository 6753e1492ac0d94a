"""What a network costs once compressed: bytes of the packed file, of feature maps, and operations.

Sizes do not depend on what was learned: without --checkpoint the weights are random, calibration images are noise, and
nothing is fine-tuned.
"""

from __future__ import annotations

import argparse
import json

from bench import cli
from bench.cli import _options

HELP = "sizes of any model under any method"
EXAMPLE = "python -m bench footprint --model torchvision:resnet18 --method magnitude --set sparsity=0.9"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    _options.add_subject(parser)
    parser.add_argument("--layers", action="store_true", help="also print every layer")
    parser.add_argument("--json", action="store_true", help="print JSON")


def execute(options: argparse.Namespace) -> int:
    """Run the command."""
    from bench.cli import _sizes

    report = _sizes.footprint(_sizes.subject(options))
    if not options.layers:
        report.pop("layers")
    print(json.dumps(report, indent=1) if options.json else _sizes.as_text(report))
    return cli.OK
