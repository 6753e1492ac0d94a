"""What `import-pqf` does once its options are read: the checkpoint, packed, and what it gets right."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch

from bench.cli import _photographs
from bench.compress.imports import published_pqf
from bench.errors import InputError
from bench.footprint.packed import pack, sizes, unpack
from bench.zoo.networks import build

SEED = 0  # of weights that the file replaces


def packed_checkpoint(options: argparse.Namespace) -> dict[str, Any]:
    """Pack the checkpoint, write it where that is asked, and return what the command prints.

    Raises:
        InputError: the file cannot be read or is no such checkpoint, or the packed one cannot be written.
    """

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
