"""Rounding weights to a grid of integers, without training."""

from __future__ import annotations

from collections.abc import Collection
from copy import deepcopy
from dataclasses import dataclass

import torch
from torch.nn.modules.conv import _ConvTransposeNd

from bench.compress.layer_order import layer_of
from bench.compress.method import NotApplicable
from bench.compress.pruning.masking import prunable
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish
from bench.footprint.representation import Float, Integer

RATIOS = 100  # clipping ratios to try: 0.01, 0.02, ... 1
CACHED = 2**16  # weights to search at a time: they stay in the processor's cache, which is several times as fast


@dataclass(frozen=True)
class Grid:
    """A grid of evenly spaced numbers to round weights to: its integers, and how its step is chosen.

    Args:
        bits: 2 to 8.
        per_channel: one step per output channel, else one for the tensor.
        symmetric: integers from -(2^(bits-1) - 1) to 2^(bits-1) - 1, with 0 for zero; else 0 to 2^bits - 1 over the
            range from the smallest to the largest weight, widened to include zero.
        search: narrow the range to the one with the least squared error, else it reaches to the outermost weight.
    """

    bits: int
    per_channel: bool
    symmetric: bool = True
    search: bool = False

    def __call__(self, weight: torch.Tensor, axis: int = 0) -> Integer:
        """Round a tensor, (Cout, ...) float32, or with its output channels along another axis."""
        axis = axis if self.per_channel else 0
        weight = weight.detach().movedim(axis, 0)
        rows = weight.reshape(weight.shape[0] if self.per_channel else 1, -1)
        ratio = rows.new_ones(len(rows), 1)
        if self.search:
            ratio = torch.cat([self._best_ratio(part) for part in rows.split(max(1, CACHED // rows.shape[1]))])
        steps, scale, zero_point = self._steps(rows, ratio)
        return Integer(
            codes=(steps + zero_point).to(torch.int16).reshape(weight.shape).movedim(0, axis).cpu().numpy(),
            scale=scale.flatten().cpu().numpy(),
            bits=self.bits,
            zero_point=None if self.symmetric else zero_point.flatten().to(torch.uint8).cpu().numpy(),
            axis=axis,
        )

    def _best_ratio(self, rows: torch.Tensor) -> torch.Tensor:
        """(rows, 1): the share of the full range with the least squared error; of equals the widest."""
        # A narrower range has finer steps for most weights and clips the outermost. The error isn't convex in the
        # ratio, so all ratios are tried, from the widest: a narrower range must do better, not merely as well.
        best = rows.new_ones(len(rows), 1)
        least = rows.new_full((len(rows), 1), torch.inf)
        for number in range(RATIOS, 0, -1):
            ratio = rows.new_full((len(rows), 1), number / RATIOS)
            steps, scale, _ = self._steps(rows, ratio)
            error = steps.mul_(scale).sub_(rows).square_().sum(1, keepdim=True)
            better = error < least
            best, least = torch.where(better, ratio, best), torch.where(better, error, least)
        return best

    def _steps(self, rows: torch.Tensor, ratio: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Integers around zero, the step, and the code of zero: (rows, n), (rows, 1), (rows, 1) float32."""
        # Zero must be a number of the grid, or pruned weights would come back. Symmetric grids have it, at the cost of
        # the most negative integer. Others round the zero point to an integer, and clip by it rather than by the range.
        if self.symmetric:
            highest = 2 ** (self.bits - 1) - 1
            scale = _positive(rows.abs().amax(1, keepdim=True) * ratio / highest)
            return (rows / scale).round_().clamp_(-highest, highest), scale, torch.zeros_like(scale)
        highest = 2**self.bits - 1
        low = rows.amin(1, keepdim=True).clamp(max=0) * ratio
        high = rows.amax(1, keepdim=True).clamp(min=0) * ratio
        scale = _positive((high - low) / highest)
        zero_point = (-low / scale).round_().clamp_(0, highest)
        return (rows / scale).round_().clamp_(-zero_point, highest - zero_point), scale, zero_point


def _positive(scale: torch.Tensor) -> torch.Tensor:
    """The step, or 1 where all weights are zero and any will do."""
    return torch.where(scale > 0, scale, torch.ones_like(scale))


def rounded(compressed: Compressed, grid: Grid, *, only: Collection[str] | None = None) -> Compressed:
    """Round all weights of convolutions and linear layers to a grid; biases and normalisation stay float32.

    Batch normalisation is folded first, unless each filter has a step: `finish` multiplies that later, and until then
    running statistics can be estimated again. Weights that have another representation already stay as they are. A
    weight of zero, pruned or not, stays zero.

    Args:
        only: names of the weights to round; None for all.

    Raises:
        NotApplicable: there is no weight to round, or one is not finite.
    """
    finished = compressed if grid.per_channel else finish(compressed)
    network = deepcopy(finished.network)
    integers = {
        name: grid(_finite(name, weight), output_axis(network, name))
        for name, weight in prunable(network).items()
        if _is_float(finished, name) and (only is None or name in only)
    }
    if not integers:
        raise NotApplicable("all weights are stored otherwise already")
    with torch.no_grad():
        for name, integer in integers.items():
            network.get_parameter(name).copy_(torch.from_numpy(integer.decode()))
    return finished.but(network=network, representations={**finished.representations, **integers})


def output_axis(network: torch.nn.Module, weight: str) -> int:
    """The axis of a weight along which its output channels lie: 1 of transposed convolutions, else 0.

    Of one in groups these are a group's, which share their steps with the other groups'; a depthwise one has one filter
    in a group, and the channels are groups.
    """
    transposed = isinstance(network.get_submodule(layer_of(weight)), _ConvTransposeNd)
    return 1 if transposed and network.get_parameter(weight).shape[1] > 1 else 0


def _is_float(compressed: Compressed, name: str) -> bool:
    return isinstance(compressed.representations.get(name), (Float, type(None)))


def _finite(name: str, weight: torch.Tensor) -> torch.Tensor:
    if not weight.isfinite().all():
        raise NotApplicable(f"{name} holds a number that is not finite")
    return weight
