"""Write the network of a packed file for other programs, with what its images need.

CELL is the name of a cell of the profile's last run, with or without compress/, as `python -m bench status --json`
prints it; a glob or a key that names one cell will do. FILE is a packed file, or a cell's folder.

state-dict      weights in safetensors, for the architecture's own class
torch-export    a program of PyTorch's operations, for torch.export.load
onnx            for ONNX Runtime and others; extra: innards[export]
openvino        OpenVINO's .xml and .bin; extras: innards[export,openvino]

Batches may have any size. Mean, standard deviation and size of the images stand in the file's own metadata.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from bench import cli, registry
from bench.cli import _options
from bench.deploy import format
from bench.folders import is_file, is_folder, is_there

if TYPE_CHECKING:
    from bench.deploy.network import Deployed

HELP = "give a packed network back as a file for other programs"
EXAMPLE = "python -m bench export resnet8/0/nncf-int8-ptq --profile digits --to onnx"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("subject", metavar="CELL|FILE", help="what to export")
    parser.add_argument("--to", required=True, metavar="FORMAT", help=", ".join(registry.names(format.PACKAGE)))
    parser.add_argument("--output", type=Path, metavar="PATH", help="a file, or a folder (default: this one)")
    parser.add_argument("--normalise", action="store_true", help="the graph takes pixels from 0 to 1, and normalises")
    parser.add_argument("--mean", type=float, nargs="+", metavar="M", help="per channel, in place of what is recorded")
    parser.add_argument("--std", type=float, nargs="+", metavar="S", help="likewise")
    parser.add_argument("--model", default="", help="package.module:function of your own that FILE names; it is called")
    _options.add_profile(parser)


def execute(options: argparse.Namespace) -> int:
    """Run the command."""
    made = format.find(options.to)
    path = Path(options.subject)
    output = options.output or Path()
    if is_folder(output):
        output /= f"{_stem(options.subject, path)}{made.suffixes[-1]}"
    if output.suffix != made.suffixes[-1]:
        output = output.with_name(f"{output.name}{made.suffixes[-1]}")

    from bench.deploy import source

    named = is_there(path) or path.suffix == ".innards"
    folder = options.runs if named else _options.results(options.runs, options.profile)
    found = source.chosen(options.subject, folder, trusted=options.model)
    deployed = source.with_normalisation(found, options.mean, options.std)
    exported = format.export(deployed, options.to, normalise=options.normalise)
    for written in format.write(exported, output):
        print(f"{written}  {written.stat().st_size:,} bytes")
    for sentence in filter(None, (_input(deployed, normalise=options.normalise), exported.note)):
        print(sentence)
    return cli.OK


def _stem(subject: str, path: Path) -> str:
    """A name for the file, without what shells or folders would take amiss."""
    name = path.stem if is_file(path) else subject.removeprefix("compress/").rstrip("/")
    return re.sub(r"[^A-Za-z0-9._=-]+", "-", name).strip("-.") or "network"


def _input(deployed: Deployed, *, normalise: bool) -> str:
    preprocessing = deployed.preprocessing
    shape = f"(n, {preprocessing.channels}, {preprocessing.size}, {preprocessing.size})"
    if before := preprocessing.sentence():
        shape = f"{before}: {shape}"
    if normalise:
        return f"images: {shape} float32, pixels from 0 to 1"
    if not preprocessing.complete:
        return f"images: {shape} float32; their normalisation is not recorded here: give --mean and --std to keep it"
    mean, std = (" ".join(f"{value:g}" for value in values or ()) for values in (preprocessing.mean, preprocessing.std))
    return f"images: {shape} float32, (pixels / 255 - mean) / std with mean {mean} and std {std}"
