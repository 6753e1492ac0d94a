"""Inputs of layers that are quantised in the forward pass, in training, on grids that are stored with the network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch

from bench.compress.method import NotApplicable
from bench.compress.quantization.learned import SMALLEST, LearnedRounding
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish
from bench.footprint.structure import quantized_inputs
from bench.footprint.structure.quantized_inputs import InputGrid, code_range, rounded

IMAGES = 64  # the batch from which grids start
SAMPLE = 2**20  # numbers at least that least squares look at
ROUNDS = 100  # of least squares at most
FEW = 2**17  # numbers at least on which single steps are tried
RATIOS = 100  # of the range that are tried


class InputQuantiser(torch.nn.Module, ABC):
    """Gives a layer's input few values in training; one for each layer."""

    @abstractmethod
    def start(self, x: torch.Tensor) -> None:
        """Choose the grid to start from by what the layer reads of a first batch.

        Raises:
            NotApplicable: there is no such grid; the sentence goes on from the layer's name.
        """

    @abstractmethod
    def grid(self) -> InputGrid:
        """What `forward` computes, as it is stored."""


class LearnedInput(InputQuantiser):
    """LSQ: one step, trained like those of weights; signed codes if the first batch has negative numbers.

    LSQ+ (Bhalgat et al. 2020, section 3): x̂ = s·round(clip((x - β)/s, 0, 2^b - 1)) + β, with β trained too, and
    both started by least squares on the first batch.

    Args:
        bits: b, 2 to 8.
        offset: whether there is a β.
        fitted: start without β from the step with the least squared error on the first batch, for trainings too short
            to bring LSQ's start, which is meant to be large, near it.
    """

    # The gradient to s is that of LSQ's weights. That to β is 1 outside of the range and 0 inside. Both are divided by
    # √(n·highest) for the n numbers of the batch's feature map.

    def __init__(self, bits: int, offset: bool = False, fitted: bool = False):
        super().__init__()
        self.bits, self.signed, self.fitted = bits, False, fitted
        self.step = torch.nn.Parameter(torch.ones(1))
        self.offset = torch.nn.Parameter(torch.zeros(1)) if offset else None

    @torch.no_grad()
    def start(self, x: torch.Tensor) -> None:
        """See InputQuantiser."""
        if self.offset is not None:
            step, offset = least_squares(x, self.bits)
            self.step.copy_(step)
            self.offset.copy_(offset)
        else:
            self.signed = bool((x < 0).any())
            if self.fitted:
                self.step.copy_(nearest_step(x, *self._range()))
                return
            self.step.copy_((2 * x.abs().mean() / self._range()[1] ** 0.5).clamp(min=SMALLEST))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x of any shape."""
        lowest, highest = self._range()
        pace = (x.numel() * highest) ** -0.5
        if self.offset is None:
            return LearnedRounding.apply(x, self._size(), lowest, highest, pace)
        offset = _Paced.apply(self.offset, pace)
        return LearnedRounding.apply(x - offset, self._size(), lowest, highest, pace) + offset

    def grid(self) -> InputGrid:
        """See InputQuantiser."""
        return _filled(InputGrid(self.bits, self.signed, self.offset is not None), self._size(), self.offset)

    def _range(self) -> tuple[int, int]:
        return code_range(self.bits, self.signed)

    def _size(self) -> torch.Tensor:
        return self.step.abs() + SMALLEST  # training may push it below zero


class _Paced(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, pace: float) -> torch.Tensor:
        ctx.pace = pace
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:
        return gradients[0] * ctx.pace, None


class ClippedInput(InputQuantiser):
    """y = clip(x, 0, α), rounded to the 2^k - 1 steps of α: DoReFa's with α = 1, PACT's with α trained.

    Source: Zhou et al. 2016, section 2.4; Choi et al. 2018, section 3.

    Args:
        bits: k, 1 to 8.
        limit: α, or what it starts from.
        trained: whether α is trained; it decays with the weights then.
    """

    # The gradient to x is 1 strictly between 0 and α; that to α is the sum of what arrives where x ≥ α. Decay is PACT's
    # L2 term: without it α only ever grows or stays.

    decayed = ("limit",)  # see `bench.training.optimizer.decaying`
    limit: torch.Tensor

    def __init__(self, bits: int, limit: float, trained: bool):
        super().__init__()
        self.bits, self.trained, self.levels = bits, trained, code_range(bits, signed=False)[1]
        start = torch.full((1,), float(limit))
        if trained:
            self.limit = torch.nn.Parameter(start)
        else:
            self.register_buffer("limit", start)

    def start(self, x: torch.Tensor) -> None:
        """Nothing but a look at what is read."""
        if bool((x < 0).any()):
            raise NotApplicable("reads negative numbers, all of which a clip from 0 upwards would take away")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x of any shape."""
        return _Clipped.apply(x, self._limit(), self.levels)

    def grid(self) -> InputGrid:
        """See InputQuantiser."""
        if not self.trained:
            return InputGrid(self.bits, limit=float(self.limit))
        return _filled(InputGrid(self.bits), self._limit() / self.levels, None)

    def _limit(self) -> torch.Tensor:
        return self.limit.abs() + SMALLEST if self.trained else self.limit


class _Clipped(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, limit: torch.Tensor, levels: int) -> torch.Tensor:
        ctx.save_for_backward(x, limit)
        return rounded(x, limit / levels, 0, levels)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None]:
        x, limit = ctx.saved_tensors
        return gradients[0] * ((x > 0) & (x < limit)), (gradients[0] * (x >= limit)).sum().view(1), None


def _filled(grid: InputGrid, step: torch.Tensor, offset: torch.Tensor | None) -> InputGrid:
    grid.step.copy_(step.detach())
    if grid.offset is not None and offset is not None:
        grid.offset.copy_(offset.detach())
    return grid


def least_squares(x: torch.Tensor, bits: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Step s and offset β of the unsigned grid that is nearest to x in squared error, from its range on; (1,) each."""
    # In turn: the codes q of the present grid, then the line x ≈ s·q + β through all numbers. Neither can raise the
    # error, which therefore falls until nothing changes. Among sorted numbers those of one code are neighbours, whose
    # count and sum are differences of positions and of running sums: a round costs as much as the grid has codes.
    levels = code_range(bits, signed=False)[1]
    every = max(1, x.numel() // SAMPLE) | 1  # odd, so that rows of a power of two are not sampled in one column alone
    values = x.detach().flatten()[::every].double().sort().values
    offset = values[0]
    step = ((values[-1] - offset) / levels).clamp(min=SMALLEST)
    mean = values.mean()
    running = torch.nn.functional.pad((values - mean).cumsum(0), (1, 0))
    codes = torch.arange(levels + 1, dtype=torch.float64, device=values.device)
    ends = torch.tensor([0, len(values)], device=values.device)
    for _ in range(ROUNDS):
        between = torch.searchsorted(values, offset + step * (codes[1:] - 0.5))
        positions = torch.cat([ends[:1], between, ends[1:]])
        counts = positions.diff().double()
        average = codes @ counts / len(values)
        spread = (codes - average).square() @ counts
        if spread == 0:
            break
        before, step = step, (codes - average) @ running[positions].diff() / spread
        offset = mean - step * average
        if torch.isclose(step, before, rtol=1e-6, atol=0):
            break
    return step.float().view(1), offset.float().view(1)


def nearest_step(x: torch.Tensor, lowest: int, highest: int) -> torch.Tensor:
    """The step s, (1,), of integers from `lowest` to `highest` with the least squared error, of 100 up to the range."""
    every = max(1, x.numel() // FEW) | 1
    values = x.detach().flatten()[::every]
    widest = torch.maximum(values.max() / highest, values.min() / lowest if lowest else values.max() / highest)
    steps = widest.clamp(min=SMALLEST) * torch.arange(1, RATIOS + 1, device=x.device) / RATIOS
    errors = torch.stack([(rounded(values, step, lowest, highest) - values).square().sum() for step in steps])
    return steps[errors.argmin()].view(1)


def started(
    compressed: Compressed, workbench: Workbench, makes: Mapping[str, Callable[[], InputQuantiser]]
) -> dict[str, InputQuantiser]:
    """Quantisers by layer, started on what the layers of the network read of a first batch.

    Args:
        makes: by layer; one that does not run gets none.

    Raises:
        NotApplicable: a layer's kind or inputs do not allow it.
    """
    network = compressed.network
    quantisers = {name: make() for name, make in makes.items()}
    unseen = set(quantisers)

    def look(name: str, module: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        if name in unseen:
            unseen.remove(name)
            try:
                quantisers[name].to(inputs[0].device).start(inputs[0])
            except NotApplicable as error:
                raise NotApplicable(f"{name} {error}") from error

    handles = []
    for name in quantisers:
        layer = network.get_submodule(name)
        if type(layer) not in quantized_inputs.KINDS:
            raise NotApplicable(f"{name} is a {type(layer).__name__}, no plain convolution or linear layer")
        handles.append(layer.register_forward_pre_hook(partial(look, name)))
    images, _ = next(iter(workbench.batches(IMAGES, IMAGES)))
    try:
        with torch.no_grad():
            network(images)
    finally:
        for handle in handles:
            handle.remove()
    return {name: quantiser for name, quantiser in quantisers.items() if name not in unseen}


def attach(network: torch.nn.Module, quantisers: Mapping[str, InputQuantiser]) -> None:
    """Quantise what layers read, in place."""
    for name, quantiser in quantisers.items():
        quantized_inputs.attach(network.get_submodule(name), quantiser)


def detach(network: torch.nn.Module, quantisers: Mapping[str, InputQuantiser]) -> None:
    """Undo `attach`."""
    for name in quantisers:
        quantized_inputs.detach(network.get_submodule(name))


def stored(compressed: Compressed, quantisers: Mapping[str, InputQuantiser], bits: int) -> Compressed:
    """Fold batch normalisation, and put the grids of `quantisers` before their layers, as the file will do.

    Args:
        bits: of most inputs: what feature maps are counted with.
    """
    # Folding follows the graph, which rounding would hide: it comes first, as with NNCF's quantisers.
    finished = finish(compressed)
    grids = {name: quantiser.grid() for name, quantiser in quantisers.items()}
    step = quantized_inputs.step(grids)
    for name, grid in grids.items():
        quantized_inputs.attach(finished.network.get_submodule(name), grid)
    return finished.but(structure=(*finished.structure, step), activation_bits=bits)
