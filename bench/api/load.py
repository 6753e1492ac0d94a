"""The network of a packed file."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from torch import nn

from bench.api._checks import is_network
from bench.deploy import source
from bench.errors import InputError, limits
from bench.folders import is_folder


@limits("load")
def load(
    path: str | Path,
    network: nn.Module | None = None,
    *,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
) -> nn.Module:
    """What network does a packed file hold?

    It is in eval mode, on the CPU, in float32, made of the architecture's own class and of layers of PyTorch; feature
    maps that NNCF quantised are rounded by NNCF's modules. `preprocessing` is an attribute of it: `mean`, `std` (on the
    0..1 scale; None if nobody recorded them), `size` and `channels`. Nothing in a file is executed.

    >>> import tempfile, torch
    >>> from bench.footprint.compressed import Compressed
    >>> from bench.footprint.packed import pack
    >>> from bench.zoo.networks.build import build
    >>> original = build("resnet8", channels=1, classes=10, size=8, seed=0)
    >>> about = {"name": "resnet8", "channels": 1, "classes": 10, "size": 8}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "network.innards"
    ...     _ = file.write_bytes(pack(Compressed(original), about))
    ...     network = load(file, mean=[0.3], std=[0.4])
    >>> torch.equal(network(torch.ones(2, 1, 8, 8)), original(torch.ones(2, 1, 8, 8)))
    True
    >>> network.preprocessing.mean, network.preprocessing.size
    ((0.3,), 8)

    Args:
        path: of a packed file, or of a cell's folder in `runs/`, whose data set says mean and std.
        network: of the architecture that was compressed, with any weights; it is left as it was. Needed if that was a
            function of your own.
        mean, std: per channel, in place of what is recorded.

    Raises:
        InputError: there is no such file; it is no packed network, is damaged, or does not fit `network`.
    """
    if not isinstance(path, str | PathLike):
        raise InputError(f"load: expected the path of a packed file, not {type(path).__name__}")
    if network is not None:
        is_network(network)
    file = Path(path)
    found = source.from_file(file / source.PACKED if is_folder(file) else file, network)
    deployed = source.with_normalisation(found, mean, std)
    loaded: Any = deployed.network
    loaded.preprocessing = deployed.preprocessing
    return loaded
