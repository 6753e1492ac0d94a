"""What channels contribute to the layers that read them, on training images (Luo, Wu & Lin 2017, section 3.2)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import torch

from bench.compress.filters.coupled import CoupledChannels, Reader
from bench.compress.filters.finished import FinishedModules
from bench.compress.filters.members import Member
from bench.compress.method import NotApplicable
from bench.compress.workbench import Workbench
from bench.footprint.trace import Trace


class _Enough(BaseException):
    """Ends a forward pass whose rest nobody needs; no Exception, which a network might catch."""


def calls(traced: Trace) -> Counter[str]:
    """How often a forward pass calls each module."""
    return Counter(call.module for call in traced.calls)


def choose(
    network: torch.nn.Module,
    group: CoupledChannels,
    count: int,
    *,
    workbench: Workbench,
    images: int,
    positions: int,
    calls: Counter[str],
    finished: FinishedModules,
) -> torch.Tensor:
    """The `count` channels to keep, ascending. Rescales the weights that read them, in place, by least squares.

    Args:
        images: of training, at most.
        positions: to sample in each.
        calls: how often a forward pass calls each module, see `calls`.
        finished: modules that the layers still to be thinned don't touch.
    """
    for reader in group.readers:
        _require_known(network.get_submodule(reader.weight.rpartition(".")[0]), reader)
    with finished.kept(network, group) as next_batch:
        samples = contributions(network, group, workbench, images, positions, calls, next_batch)
    kept = greedy(torch.cat(list(samples.values())), count, group.parts)
    with torch.no_grad():
        scales = {name: torch.ones(group.count, dtype=torch.float64) for name in samples}
        for name, by_channel in samples.items():
            scales[name][kept] = least_squares(by_channel, kept)
        for reader in group.readers:
            weight: Any = network.get_parameter(reader.weight)
            # one scale per channel becomes one per weight (Cout, Cin / groups): a flattened channel has several inputs,
            # and the outputs of a group see the channels of that group alone
            member = Member(reader.weight, group.count, reader=reader)
            weight *= member.spread(scales[reader.weight], weight, others=1.0).to(weight)
    return kept


def _require_known(layer: torch.nn.Module, reader: Reader) -> None:
    if not isinstance(layer, torch.nn.Conv2d | torch.nn.Linear):
        kind = type(layer).__name__
        raise NotApplicable(f"{reader.weight} is a {kind}'s: what channels contribute is sampled of Conv2d and Linear")


def greedy(samples: torch.Tensor, count: int, parts: int = 1) -> torch.Tensor:
    """The channels to keep (count,), ascending: those whose removal would be missed most (their algorithm 1).

    Args:
        samples: (n, C) float64, contribution of each channel to each sampled output.
        parts: number of equal runs of neighbours; equally many channels of each stay.
    """
    # With x_j the contributions of channel j and T the set removed so far, the next layer misses Σ_n (Σ_{j∈T} x_j)².
    # Adding channel i to T makes that grow by Σ_n x_i² + 2 Σ_n x_i Σ_{j∈T} x_j, which is read off the Gram matrix
    # G = XᵀX as G_ii + 2 Σ_{j∈T} G_ij. So the samples are read once, and a step costs O(C) instead of O(nC). Each step
    # removes the channel with the least growth and never takes one back: exact for one channel, greedy for more.
    gram = samples.T @ samples
    squares, crossed = gram.diagonal().clone(), torch.zeros(len(gram), dtype=samples.dtype)
    removed = torch.zeros(len(gram), dtype=torch.bool)
    for _ in range(len(gram) - count):
        full = (~removed).reshape(parts, -1).sum(1) <= count // parts  # parts that have no more channels to lose
        barred = removed | full.repeat_interleave(len(removed) // parts)
        growth = (squares + 2 * crossed).masked_fill(barred, math.inf)
        least = int(growth.argmin())
        removed[least] = True
        crossed += gram[least]
    return torch.nonzero(~removed).reshape(-1)


def least_squares(samples: torch.Tensor, kept: torch.Tensor) -> torch.Tensor:
    """Scales (k,) for the kept channels, so that their scaled sum comes closest to the sum over all channels."""
    # Solved for the scales less 1: if kept channels depend linearly on one another, gelsd's solution of least norm is
    # then the one nearest to no scaling at all.
    missing = samples.sum(1) - samples[:, kept].sum(1)
    return 1 + torch.linalg.lstsq(samples[:, kept], missing[:, None], driver="gelsd").solution[:, 0]


def contributions(
    network: torch.nn.Module,
    group: CoupledChannels,
    workbench: Workbench,
    images: int,
    positions: int,
    calls: Counter[str],
    next_batch: Callable[[], None] = lambda: None,
) -> dict[str, torch.Tensor]:
    """(n, C) float64 by reader: what each channel adds to randomly drawn outputs of that layer, before the bias.

    Args:
        next_batch: called before each batch.
    """
    samples: dict[str, list[torch.Tensor]] = {reader.weight: [] for reader in group.readers}
    readers: dict[str, list[Reader]] = {name: [] for name in samples}  # several of maps concatenated with themselves
    for reader in group.readers:
        readers[reader.weight].append(reader)
    generator = torch.Generator().manual_seed(workbench.seed)
    # A pass ends with the last call of a reader, halfway through the network on average.
    left: Counter[str] = Counter()
    every = Counter({weight: calls[weight.rpartition(".")[0]] for weight in samples})

    def watch(name: str) -> Any:
        def sample(module: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
            samples[name].append(_sampled(module, inputs[0], readers[name], group.count, positions, generator))
            left[name] -= 1
            if not any(left.values()):
                raise _Enough

        return network.get_submodule(name.rpartition(".")[0]).register_forward_pre_hook(sample)

    handles = [watch(name) for name in samples]
    network.eval()
    try:
        with torch.no_grad():
            for batch, _ in workbench.batches(images):
                next_batch()
                left.clear()
                left.update(every)
                with suppress(_Enough):
                    network(batch)
    finally:
        for handle in handles:
            handle.remove()
    return {name: torch.cat(parts) for name, parts in samples.items()}


def _sampled(
    layer: Any, maps: torch.Tensor, readers: list[Reader], count: int, positions: int, generator: torch.Generator
) -> torch.Tensor:
    """(n·positions, C): an output channel and a position are drawn for each sample."""
    if isinstance(layer, torch.nn.Linear):
        patches = _rows(maps, positions, generator)
    else:
        patches = _patches(layer, maps, positions, generator)
    samples, weight = patches.reshape(-1, patches.shape[2]), _dense(layer, readers[0].groups)
    outputs = torch.randint(len(weight), (len(samples),), generator=generator)
    kernel = math.prod(layer.weight.shape[2:])
    total = torch.zeros(len(samples), count, dtype=torch.float64)
    for reader in readers:
        inputs = slice(reader.start * kernel, (reader.start + count * reader.factor) * kernel)
        products = samples[:, inputs].double().cpu() * weight[:, inputs][outputs]
        total += products.reshape(len(samples), count, reader.factor * kernel).sum(2)
    return total


def _rows(maps: torch.Tensor, positions: int, generator: torch.Generator) -> torch.Tensor:
    """(n, positions, C): what a linear layer reads of each image, at positions drawn of maps with channels last."""
    if maps.ndim == 2:
        return maps[:, None].expand(-1, positions, -1)
    rows = maps.reshape(len(maps), -1, maps.shape[-1])
    drawn = torch.randint(rows.shape[1], (len(maps), positions), generator=generator).to(maps.device)
    return rows[torch.arange(len(maps), device=maps.device)[:, None], drawn]


def _dense(layer: Any, groups: int) -> torch.Tensor:
    """(outputs, all inputs) float64: a layer's weights as if every output saw all channels, zero where it doesn't."""
    parts = layer.weight.flatten(1).double().cpu().chunk(groups)
    return torch.block_diag(*parts) if groups > 1 else parts[0]


def _patches(layer: Any, maps: torch.Tensor, positions: int, generator: torch.Generator) -> torch.Tensor:
    """(n, positions, C·kh·kw): windows that a convolution sees, at positions drawn for each image."""
    mode = "constant" if layer.padding_mode == "zeros" else layer.padding_mode
    padded = torch.nn.functional.pad(maps, layer._reversed_padding_repeated_twice, mode=mode)
    reach = [step * (size - 1) + 1 for step, size in zip(layer.dilation, layer.kernel_size, strict=True)]
    room = [
        (size - span) // stride + 1 for size, span, stride in zip(padded.shape[2:], reach, layer.stride, strict=True)
    ]
    corners = [torch.randint(count, (len(maps), positions), generator=generator).to(maps.device) for count in room]
    offsets = [torch.arange(size, device=maps.device) * step for size, step in zip(layer.kernel_size, layer.dilation)]
    rows = (corners[0] * layer.stride[0])[:, :, None] + offsets[0]  # (n, positions, kh)
    columns = (corners[1] * layer.stride[1])[:, :, None] + offsets[1]
    image = torch.arange(len(maps), device=maps.device)[:, None, None, None]
    windows = padded.permute(0, 2, 3, 1)[image, rows[:, :, :, None], columns[:, :, None, :]]  # (n, p, kh, kw, C)
    return windows.permute(0, 1, 4, 2, 3).flatten(2)
