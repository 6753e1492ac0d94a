"""Pack a checkpoint that the authors of PQF published, and say what it takes; with --images, what it gets right."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from bench import cli
from bench.cli import _options

HELP = "read a published PQF checkpoint"
EXAMPLE = "python -m bench import-pqf resnet18.pth --model torchvision:resnet18 --out resnet18.innards"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("file", type=Path, metavar="FILE", help="the published .pth file")
    parser.add_argument("--model", required=True, help="its architecture, e.g. torchvision:resnet18")
    parser.add_argument("--classes", type=_options.positive, default=1000, help="of the model (default: 1000)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the packed network there")
    parser.add_argument(
        "--images", type=Path, metavar="DIR", help="photographs, one folder per class, which sort in the logits' order"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def execute(options: argparse.Namespace) -> int:
    """Run the command."""
    from bench.cli import _pqf_checkpoint  # torch takes seconds to import

    report = _pqf_checkpoint.packed_checkpoint(options)
    print(json.dumps(report, indent=1) if options.json else "\n".join(f"{key:14}  {report[key]}" for key in report))
    return cli.OK
