"""Batch normalisation in place of the scale and shift that were stored of it, so that a network can be trained on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from bench.footprint.compressed import Step
from bench.footprint.structure import affine_batchnorm

KINDS: dict[int, Any] = {
    2: torch.nn.BatchNorm1d,
    3: torch.nn.BatchNorm1d,
    4: torch.nn.BatchNorm2d,
    5: torch.nn.BatchNorm3d,
}


@dataclass
class Inputs:
    """Sums over all images and positions of what a module reads: (C,) float64 each.

    Attributes:
        dimensions: of the tensors, with that of images.
    """

    dimensions: int
    count: int
    first: torch.Tensor
    second: torch.Tensor


def with_batchnorm(network: torch.nn.Module, batches: Iterable[torch.Tensor]) -> tuple[torch.nn.Module, list[str]]:
    """The network with a batch normalisation for each scale and shift, in place, and the names of these.

    It computes the same at inference, up to rounding. One that the forward pass never calls stays.

    Args:
        batches: normalised training images, of which statistics are taken.
    """
    # A file holds y = s·x + t. Batch normalisation computes γ(x - μ)/√(σ² + ε) + β, which is the same map for
    # γ = s·√(σ² + ε) and β = t + s·μ, for any μ and σ². Taken from x itself they are what training would have
    # them be: the network then computes in train mode about what it computes at inference.
    inputs = _inputs(network.eval(), batches)
    for name, sums in inputs.items():
        affine: Any = network.get_submodule(name)
        mean = sums.first / sums.count
        variance = (sums.second / sums.count - mean**2).clamp(min=0)
        normalisation = KINDS[sums.dimensions](len(mean)).to(affine.weight.device).eval()
        with torch.no_grad():
            scale = affine.weight.double()
            normalisation.running_mean.copy_(mean)
            normalisation.running_var.copy_(variance)
            normalisation.weight.copy_(scale * (variance + normalisation.eps).sqrt())
            normalisation.bias.copy_(affine.bias.double() + scale * mean)
        parent, _, child = name.rpartition(".")
        network.get_submodule(parent).register_module(child, normalisation)
    return network, list(inputs)


def without(structure: Iterable[Step], names: Iterable[str]) -> tuple[Step, ...]:
    """Structural steps that no longer put a scale and a shift in these places."""
    gone = set(names)
    kept: list[Step] = []
    for step in structure:
        if step["kind"] != "affine-batchnorm":
            kept.append(step)
        elif remaining := [name for name in step["names"] if name not in gone]:
            kept.append({**step, "names": remaining})
    return tuple(kept)


@torch.no_grad()
def _inputs(network: torch.nn.Module, batches: Iterable[torch.Tensor]) -> dict[str, Inputs]:
    inputs: dict[str, Inputs] = {}
    with _watched(network, inputs):
        for images in batches:
            network(images)
    return inputs


@contextmanager
def _watched(network: torch.nn.Module, inputs: dict[str, Inputs]) -> Iterator[None]:
    def add(name: str, module: torch.nn.Module, read: tuple[torch.Tensor, ...]) -> None:
        values = read[0].movedim(1, -1).reshape(-1, read[0].shape[1]).double()
        sums = inputs.setdefault(name, Inputs(read[0].ndim, 0, values.new_zeros(1), values.new_zeros(1)))
        sums.count += len(values)
        sums.first = sums.first + values.sum(0)
        sums.second = sums.second + values.square().sum(0)

    handles = [
        module.register_forward_pre_hook(partial(add, name))
        for name, module in network.named_modules()
        if name and isinstance(module, affine_batchnorm.Affine)
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
