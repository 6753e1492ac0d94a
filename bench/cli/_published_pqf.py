"""Checkpoints that the authors of PQF published, as compressed networks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bench.errors import InputError
from bench.footprint.compressed import Compressed
from bench.footprint.fold import merge
from bench.footprint.normalisation import is_batchnorm
from bench.footprint.representation import Codebook, Representation
from bench.zoo.networks.checkpoint import differences, fill

CODES, WORDS = ".codes_matrix", ".codebook"


def read(path: Path, network: torch.nn.Module) -> Compressed:
    """The compressed network in a published file.

    The file holds, by layer, `codes_matrix` (Cout, m) and `codebook` (k, d) float16; all else is float32. Channels are
    permuted already, and batch normalisation has statistics 0 and 1.

    Args:
        network: of the file's architecture, with any weights; it is used up.

    Raises:
        InputError: the file cannot be read, is none of these, or does not belong to the network.
    """
    found = _load(path)
    representations = _codebooks(found, network, path)
    weights = {name: tensor for name, tensor in found.items() if not name.endswith((CODES, WORDS))}
    weights |= {name: torch.from_numpy(stored.decode()) for name, stored in representations.items()}
    weights = {**_neutral_statistics(network), **weights}
    problems = differences(network.state_dict(), weights)
    if problems:
        raise InputError(f"{path} does not fit {type(network).__name__}: {'; '.join(problems)}")
    fill(network, weights)
    return merge(Compressed(network.eval())).but(representations=representations)


def _load(path: Path) -> dict[str, torch.Tensor]:
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise InputError(f"checkpoint {str(path)!r} cannot be read: {error.strerror}") from error
    except Exception as error:  # on foreign bytes the reader fails in many ways
        raise InputError(f"checkpoint {str(path)!r} is truncated, or no .pth file of tensors alone") from error
    tensors = isinstance(found, dict) and all(isinstance(value, torch.Tensor) for value in found.values())
    if not tensors or not any(str(name).endswith(CODES) for name in found):
        raise InputError(
            f"checkpoint {str(path)!r} holds no codes: expected tensors named LAYER{CODES} and LAYER{WORDS}"
        )
    return found


def _codebooks(found: Mapping[str, torch.Tensor], network: torch.nn.Module, path: Path) -> dict[str, Representation]:
    shapes = {name: tuple(parameter.shape) for name, parameter in network.named_parameters()}
    read: dict[str, Representation] = {}
    for name, codes in found.items():
        if name.endswith(CODES):
            layer = name.removesuffix(CODES)
            try:
                codebook = found[layer + WORDS].numpy()
                read[f"{layer}.weight"] = Codebook(codes.numpy().astype(np.int64), codebook, shapes[f"{layer}.weight"])
            except KeyError as error:
                raise InputError(f"{path} does not fit {type(network).__name__}: there is no {error}") from error
            except ValueError as error:
                raise InputError(f"{path} does not fit {type(network).__name__}: {layer}: {error}") from error
    return read


def _neutral_statistics(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Running means of 0 and variances of 1, which the files leave out."""
    found: dict[str, torch.Tensor] = {}
    for name, module in network.named_modules():
        statistics: Any = module
        if is_batchnorm(module):
            found[f"{name}.running_mean"] = torch.zeros_like(statistics.running_mean)
            found[f"{name}.running_var"] = torch.ones_like(statistics.running_var)
    return found
