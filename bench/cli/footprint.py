"""What a network costs once compressed: bytes of the packed file, of feature maps, and operations.

Sizes do not depend on what was learned: without --checkpoint the weights are random, calibration images are noise, and
nothing is fine-tuned.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from bench import cli
from bench.cli import _options
from bench.compress import _variant

HELP = "sizes of any model under any method"
EXAMPLE = "python -m bench footprint --model torchvision:resnet18 --method magnitude --set sparsity=0.9"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--model", required=True, help="of the zoo, torchvision:NAME, or package.module:function")
    parser.add_argument("--method", required=True, help="a method, or a chain: magnitude:sparsity=0.9+nncf-int8-ptq")
    parser.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a setting of the (last) method; give several times for several",
    )
    parser.add_argument("--checkpoint", type=Path, help="weights: safetensors, or a weights-only .pth")
    parser.add_argument(
        "--classes", type=_options.positive, help="default: 10; torchvision's own number for its models"
    )
    parser.add_argument("--channels", type=_options.positive, default=3, help="of the images (default: 3)")
    parser.add_argument(
        "--size", type=_options.positive, help="of the images, pixels (default: 32, or 224 for torchvision)"
    )
    parser.add_argument("--layers", action="store_true", help="also print every layer")
    parser.add_argument("--json", action="store_true", help="print JSON")


def execute(options: argparse.Namespace) -> int:
    """Run the command."""
    from bench.compress import _sizes

    report = _sizes.footprint(
        options.model,
        _variant.with_settings(_variant.parse(options.method), options.settings),
        channels=options.channels,
        classes=options.classes,
        size=options.size,
        checkpoint=options.checkpoint,
    )
    if not options.layers:
        report.pop("layers")
    print(json.dumps(report, indent=1) if options.json else _sizes.as_text(report))
    return cli.OK
