"""Pack a checkpoint that the authors of PQF published, and say what it takes; with --images, what it gets right."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import cli
from bench.cli import _options
from bench.errors import InputError

if TYPE_CHECKING:
    import torch

HELP = "read a published PQF checkpoint"
EXAMPLE = "python -m bench import-pqf resnet18.pth --model torchvision:resnet18 --out resnet18.innards"
SEED = 0  # of weights that the file replaces


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
    report = _import(options)
    print(json.dumps(report, indent=1) if options.json else "\n".join(f"{key:14}  {report[key]}" for key in report))
    return cli.OK


def _import(options: argparse.Namespace) -> dict[str, Any]:
    from bench.cli import _photographs
    from bench.compress.imports import published_pqf
    from bench.footprint.packed import pack, sizes, unpack
    from bench.zoo.networks import build

    def fresh() -> torch.nn.Module:
        return build.build(options.model, 3, options.classes, _photographs.CROP, SEED)

    model = {"name": options.model, "channels": 3, "classes": options.classes, "size": _photographs.CROP}

    compressed = published_pqf.read(options.file, fresh())
    packed = pack(compressed, model)
    if options.out:
        _write(options.out, packed)
    size = sizes(packed)
    report: dict[str, Any] = {
        "model": options.model,
        "payload_bytes": size.payload_bytes,
        "file_bytes": size.file_bytes,
    }
    if options.images:
        network = unpack(packed, fresh())
        top1, top5, count = _photographs.accuracy(network, options.images, options.classes)
        report |= {"top1": top1, "top5": top5, "images": count}
    return report


def _write(out: Path, packed: bytes) -> None:
    try:
        out.write_bytes(packed)
    except OSError as error:
        raise InputError(
            f"--out {out} cannot be written ({error.strerror}): give a file in a folder that can"
        ) from error
