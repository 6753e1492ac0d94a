"""Checkpoints that the authors of PQF published, as compressed networks."""

from __future__ import annotations

import math
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
from bench.zoo.networks.checkpoint import check_memory, differences, fill
from bench.zoo.networks.plain import not_finite
from bench.zoo.networks.wrappings import state_dicts

CODES, WORDS = ".codes_matrix", ".codebook"


def read(path: Path, network: torch.nn.Module) -> Compressed:
    """The compressed network in a published file.

    The file holds `codes_matrix` (Cout, m) and `codebook` (k, d) float16 per layer, and all other tensors in float32.
    Channels are permuted already, and batch normalisation has mean 0 and variance 1.

    Args:
        network: of the file's architecture, with any weights; it is used up.

    Raises:
        InputError: the file cannot be read, is no such file, or does not belong to the network.
    """
    content = _load(path)
    check_memory(content, path.stat().st_size, network, str(path))
    return from_content(content, str(path), network)


def holds_codes(content: Any) -> bool:
    """Whether a file's content is such a checkpoint."""
    return any(name.endswith(CODES) for tensors in state_dicts(content) for name in tensors)


def from_content(content: Any, path: str, network: torch.nn.Module) -> Compressed:
    """See `read`.

    Args:
        path: of the file, for messages.
    """
    # Three kinds of tensors make up the network's state: those stored as they are, weights decoded from their
    # codebooks, and statistics of normalisation, which the authors folded into its scale and shift and left out. None
    # is permuted back: the order of channels is consistent throughout the file.
    tensors = _without_prefix(_codes(content, path), network)
    representations = _codebooks(tensors, network, path)
    weights = {name: tensor for name, tensor in tensors.items() if not name.endswith((CODES, WORDS))}
    weights |= {name: torch.from_numpy(stored.decode()) for name, stored in representations.items()}
    weights = {**_neutral_statistics(network), **weights}
    problems = differences(network.state_dict(), weights)
    if problems:
        raise InputError(f"{path} does not fit {type(network).__name__}: {'; '.join(problems)}")
    fill(network, weights)
    if name := not_finite(network):
        raise InputError(f"{path}: {name} holds NaN or infinite numbers")
    return merge(Compressed(network.eval()), exact=True).but(representations=representations)


def _load(path: Path) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise InputError(f"checkpoint {str(path)!r} cannot be read: {error.strerror}") from error
    except Exception as error:  # torch.load fails in many ways on foreign bytes
        raise InputError(f"checkpoint {str(path)!r} is truncated, or no .pth file of tensors alone") from error


def _codes(content: Any, path: str) -> dict[str, torch.Tensor]:
    for tensors in state_dicts(content):
        if any(name.endswith(CODES) for name in tensors):
            return tensors
    raise InputError(f"checkpoint {path!r} holds no codes: expected tensors named LAYER{CODES} and LAYER{WORDS}")


def _without_prefix(tensors: dict[str, torch.Tensor], network: torch.nn.Module) -> dict[str, torch.Tensor]:
    """The tensors without what wrappers put before all their names, unless the network has a child of that name."""
    children = dict(network.named_children())
    while len(first := {name.partition(".")[0] for name in tensors}) == 1 and not first & children.keys():
        inner = {name.partition(".")[2]: tensor for name, tensor in tensors.items()}
        if "" in inner:
            break
        tensors = inner
    return tensors


def _words(tensor: torch.Tensor) -> np.ndarray:
    """A codebook as float16 where that is exact, else as float32."""
    if not tensor.is_floating_point() or not bool(torch.isfinite(tensor).all()):
        raise ValueError(f"its codebook holds NaN or infinite numbers, or {tensor.dtype}")
    half = tensor.half()
    exact = torch.equal(half.double(), tensor.double()) and tensor.dtype != torch.float32
    return (half if exact else tensor.float()).numpy()


def _indices(tensor: torch.Tensor) -> np.ndarray:
    """Codes as integers, however they are stored."""
    codes = tensor.long() if not tensor.is_complex() else None
    if codes is None or not torch.equal(codes.to(tensor.dtype), tensor):
        raise ValueError("its codes are not whole numbers")
    return codes.numpy()


def _codebooks(tensors: Mapping[str, torch.Tensor], network: torch.nn.Module, path: str) -> dict[str, Representation]:
    shapes = {name: tuple(parameter.shape) for name, parameter in network.named_parameters()}
    codebooks: dict[str, Representation] = {}
    for name, codes in tensors.items():
        if name.endswith(CODES):
            layer = name.removesuffix(CODES)
            try:
                words = _words(tensors[layer + WORDS])
                shape = shapes[f"{layer}.weight"]
                if codes.numel() > math.prod(shape):
                    raise ValueError(f"codes are {tuple(codes.shape)} where {shape} weights belong")
                codebooks[f"{layer}.weight"] = Codebook(_indices(codes), words, shape)
            except KeyError as error:
                raise InputError(f"{path} does not fit {type(network).__name__}: there is no {error}") from error
            except ValueError as error:
                raise InputError(f"{path} does not fit {type(network).__name__}: {layer}: {error}") from error
    return codebooks


def _neutral_statistics(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Running means of 0 and variances of 1, which the files leave out."""
    statistics: dict[str, torch.Tensor] = {}
    for name, module in network.named_modules():
        normalisation: Any = module
        if is_batchnorm(module):
            statistics[f"{name}.running_mean"] = torch.zeros_like(normalisation.running_mean)
            statistics[f"{name}.running_var"] = torch.ones_like(normalisation.running_var)
    return statistics
