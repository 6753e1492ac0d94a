"""What channels contribute to the layers that read them, on training images (Luo, Wu & Lin 2017, section 3.2)."""

from __future__ import annotations

import math
from typing import Any

import torch

from bench.compress.filters.channels import CoupledChannels, Reader
from bench.compress.method import NotApplicable
from bench.compress.workbench import Workbench


def choose(
    network: torch.nn.Module, group: CoupledChannels, count: int, *, workbench: Workbench, images: int, positions: int
) -> torch.Tensor:
    """The `count` channels to keep, ascending; scales what their readers make of them, in place."""
    for reader in group.readers:
        _require_known(network.get_submodule(reader.weight.rpartition(".")[0]), reader)
    samples = contributions(network, group, workbench, images, positions)
    kept = greedy(torch.cat([samples[reader.weight] for reader in group.readers]), count, group.parts)
    with torch.no_grad():
        for reader in group.readers:
            scales = torch.ones(group.count, dtype=torch.float64)
            scales[kept] = least_squares(samples[reader.weight], kept)
            weight: Any = network.get_parameter(reader.weight)
            of_group = scales.repeat_interleave(reader.factor).view(reader.groups, -1)
            each = of_group.repeat_interleave(len(weight) // reader.groups, dim=0)
            weight *= each.view(*each.shape, *[1] * (weight.ndim - 2)).to(weight)
    return kept


def _require_known(layer: torch.nn.Module, reader: Reader) -> None:
    if not isinstance(layer, torch.nn.Conv2d | torch.nn.Linear):
        kind = type(layer).__name__
        raise NotApplicable(f"{reader.weight} is a {kind}'s: what channels contribute is sampled of Conv2d and Linear")


def greedy(samples: torch.Tensor, count: int, parts: int = 1) -> torch.Tensor:
    """The channels that stay (count,), ascending, when those go whose summed contributions are smallest.

    Each step removes the channel that lets Σ(Σ_{j removed} x_j)² grow the least (their algorithm 1).

    Args:
        samples: (n, C) float64, contributions x of each channel.
        parts: runs of neighbours, of each of which equally many stay.
    """
    products = samples.T @ samples
    own, together = products.diagonal().clone(), torch.zeros(len(products), dtype=samples.dtype)
    gone = torch.zeros(len(products), dtype=torch.bool)
    for _ in range(len(products) - count):
        enough = (~gone).reshape(parts, -1).sum(1) <= count // parts
        stays = gone | enough.repeat_interleave(len(gone) // parts)
        growth = (own + 2 * together).masked_fill(stays, math.inf)
        worst = int(growth.argmin())
        gone[worst] = True
        together += products[worst]
    return torch.nonzero(~gone).reshape(-1)


def least_squares(samples: torch.Tensor, kept: torch.Tensor) -> torch.Tensor:
    """Scales (k,) of the kept channels whose sum comes closest to that of all, as near to 1 as there are solutions."""
    missing = samples.sum(1) - samples[:, kept].sum(1)
    return 1 + torch.linalg.lstsq(samples[:, kept], missing[:, None], driver="gelsd").solution[:, 0]


def contributions(
    network: torch.nn.Module, group: CoupledChannels, workbench: Workbench, images: int, positions: int
) -> dict[str, torch.Tensor]:
    """(n, C) float64 by reader: what each channel adds to outputs drawn at random, before the bias."""
    found: dict[str, list[torch.Tensor]] = {reader.weight: [] for reader in group.readers}
    generator = torch.Generator().manual_seed(workbench.seed)

    def watch(reader: Reader) -> Any:
        def sample(module: torch.nn.Module, given: tuple[torch.Tensor, ...]) -> None:
            found[reader.weight].append(_sampled(module, given[0], reader, positions, generator))

        return network.get_submodule(reader.weight.rpartition(".")[0]).register_forward_pre_hook(sample)

    handles = [watch(reader) for reader in group.readers]
    network.eval()
    try:
        with torch.no_grad():
            for batch, _ in workbench.batches(images):
                network(batch)
    finally:
        for handle in handles:
            handle.remove()
    return {name: torch.cat(parts) for name, parts in found.items()}


def _sampled(
    layer: Any, maps: torch.Tensor, reader: Reader, positions: int, generator: torch.Generator
) -> torch.Tensor:
    """(n·positions, C): an output channel and a position drawn for each sample."""
    if isinstance(layer, torch.nn.Linear):
        if maps.ndim != 2:
            raise NotApplicable(f"{reader.weight} reads {maps.ndim} axes: what channels contribute is sampled of 2")
        patches = maps[:, None].expand(-1, positions, -1)
    else:
        patches = _patches(layer, maps, positions, generator)
    samples, weight = patches.reshape(-1, patches.shape[2]).double().cpu(), _dense(layer, reader.groups)
    outputs = torch.randint(len(weight), (len(samples),), generator=generator)
    products = samples * weight[outputs]
    each = reader.factor * math.prod(layer.weight.shape[2:])
    return products.reshape(len(samples), -1, each).sum(2)


def _dense(layer: Any, groups: int) -> torch.Tensor:
    """(outputs, inputs a filter) float64: a layer's weights as if every output saw all channels."""
    parts = layer.weight.flatten(1).double().cpu().chunk(groups)
    return torch.block_diag(*parts) if groups > 1 else parts[0]


def _patches(layer: Any, maps: torch.Tensor, positions: int, generator: torch.Generator) -> torch.Tensor:
    """(n, positions, inputs a filter): windows that a convolution sees, at positions drawn for each image."""
    mode = "constant" if layer.padding_mode == "zeros" else layer.padding_mode
    padded = torch.nn.functional.pad(maps, layer._reversed_padding_repeated_twice, mode=mode)
    reach = [step * (size - 1) + 1 for step, size in zip(layer.dilation, layer.kernel_size, strict=True)]
    room = [
        (size - span) // stride + 1 for size, span, stride in zip(padded.shape[2:], reach, layer.stride, strict=True)
    ]
    places = [torch.randint(count, (len(maps), positions), generator=generator).to(maps.device) for count in room]
    offsets = [torch.arange(size, device=maps.device) * step for size, step in zip(layer.kernel_size, layer.dilation)]
    rows = (places[0] * layer.stride[0])[:, :, None] + offsets[0]  # (n, positions, kh)
    columns = (places[1] * layer.stride[1])[:, :, None] + offsets[1]
    image = torch.arange(len(maps), device=maps.device)[:, None, None, None]
    windows = padded.permute(0, 2, 3, 1)[image, rows[:, :, :, None], columns[:, :, None, :]]  # (n, p, kh, kw, C)
    return windows.permute(0, 1, 4, 2, 3).flatten(2)
