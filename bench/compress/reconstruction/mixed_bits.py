"""Every weight on a grid of its own width, chosen within a number of bytes (Dong et al. 2020)."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Literal

import torch

from bench.compress.method import NotApplicable
from bench.compress.quantization.integers import Grid
from bench.compress.reconstruction import bit_allocation, sensitivity
from bench.compress.reconstruction.layer import Layer
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed
from bench.footprint.packed import pack, sizes
from bench.footprint.representation import Integer

By = Literal["trace", "loss", "random"]
LEAST = 1e-6  # of the largest mean of a Hessian's diagonal


def grids(
    folded: Compressed,
    each: Mapping[str, Grid],
    workbench: Workbench,
    *,
    by: By,
    budget: int,
    draws: int,
    images: int,
) -> dict[str, Grid]:
    """The grids with bits chosen within a number of bytes.

    Args:
        each: grid by name of weight.
        by: what a layer's rounding costs: its squared error times the mean of the Hessian's diagonal there, the rise of
            the loss when it alone is rounded, or its squared error times a random number.
        budget: bytes of the weights' integers.
        draws, images: see `sensitivity.traces`.

    Raises:
        NotApplicable: all weights at the fewest bits take more.
    """
    network, names = folded.network, list(each)
    weights = {name: network.get_parameter(name).detach() for name in names}
    # Before anything is rounded, which takes longer than the check for second derivatives.
    means = {} if by == "loss" else _means(network, names, workbench, by=by, draws=draws, images=images)
    rounded = {
        name: [torch.from_numpy(replace(each[name], bits=bits)(weight).decode()) for bits in bit_allocation.WIDTHS]
        for name, weight in weights.items()
    }
    if by == "loss":
        losses = sensitivity.rises(network, rounded, workbench, images=images)
        losses = {name: [max(rise, 0.0) for rise in rises] for name, rises in losses.items()}
    else:
        losses = {
            name: [means[name] * float((other.to(weight) - weight).double().square().sum()) for other in rounded[name]]
            for name, weight in weights.items()
        }
    numbers = {name: weight.numel() for name, weight in weights.items()}
    bits = bit_allocation.allocated(losses, numbers, budget)
    if bits is None:
        least = sum(-(-number * bit_allocation.WIDTHS[0] // 8) for number in numbers.values())
        raise NotApplicable(f"its weights take {least:,} bytes at 2 bits, and {max(budget, 0):,} are allowed for them")
    return {name: replace(grid, bits=bits[name]) for name, grid in each.items()}


def _means(
    network: torch.nn.Module, names: list[str], workbench: Workbench, *, by: By, draws: int, images: int
) -> dict[str, float]:
    """Mean of the Hessian's diagonal by weight, or a random number."""
    if by == "random":
        generator = torch.Generator().manual_seed(workbench.seed)
        return {name: float(torch.rand((), generator=generator)) for name in names}
    found = sensitivity.traces(network, names, workbench, draws=draws, images=images)
    return _positive({name: trace / network.get_parameter(name).numel() for name, trace in found.items()})


def _positive(means: Mapping[str, float]) -> dict[str, float]:
    """Means of diagonals with those that are negative next to nothing, but not zero."""
    # A trace is negative where a network is no minimum, and then says nothing of what rounding costs. Such a weight
    # comes after all others, and still gets the bits that they leave.
    largest = max(means.values())
    return {name: max(mean, LEAST * largest) if largest > 0 else 1.0 for name, mean in means.items()}


def budget(folded: Compressed, each: Mapping[str, Grid], payload: int) -> int:
    """Bytes that a payload leaves for the weights' integers; everything else stays as it is."""
    integers = {name: grid(folded.network.get_parameter(name)) for name, grid in each.items()}
    network = deepcopy(folded.network)
    with torch.no_grad():
        for name, integer in integers.items():
            network.get_parameter(name).copy_(torch.from_numpy(integer.decode()))
    representations = {**folded.representations, **integers}
    packed = sizes(pack(folded.but(network=network, representations=representations), {}))
    rest = packed.payload_bytes - sum(layer.payload_bytes for layer in packed.layers if layer.name in integers)
    beside = sum(array.nbytes for integer in integers.values() for array in integer.side().values())
    return payload - rest - beside


def nearest(layer: Layer) -> Integer:
    """The integers of a layer's weight, each rounded for itself."""
    return layer.rounding.nearest
