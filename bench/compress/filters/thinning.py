"""Structured pruning: which filters may be removed, and the smaller network without them.

Channels are coupled as the traced graph shows (`bench.compress.filters.channels`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import partial
from typing import Protocol

import torch

from bench.compress.filters.channels import channels
from bench.compress.filters.coupled import CoupledChannels, take, taken
from bench.compress.method import NotApplicable, require_unrounded
from bench.compress.pruning.masking import retrained
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed
from bench.footprint.structure import channel_order, thin_channels

Choose = Callable[[torch.nn.Module, CoupledChannels, int], torch.Tensor]  # network, channels, count to keep -> kept


class Kept(Protocol):
    """How many of `filters` stay if a share of them is removed."""

    def __call__(self, filters: int, share: float) -> int: ...


def counts(
    compressed: Compressed, ratio: float | tuple[float, ...], skip: tuple[str, ...], kept: Kept
) -> list[tuple[CoupledChannels, int]]:
    """The channels that can be removed, and how many of them to keep: at least one of each part.

    Args:
        ratio: share to remove, one for all layers or one per stage (see `ratios`).
        skip: layers that keep all their filters, by name.
        kept: how many filters of a part to keep.

    Raises:
        NotApplicable: there are none, a layer is unknown, or there is another number of stages.
    """
    groups = prunable(compressed, skip)
    shares = ratios(groups, ratio)
    return [(group, _count(group, partial(kept, share=share))) for group, share in zip(groups, shares, strict=True)]


def prunable(compressed: Compressed, skip: Sequence[str] = ()) -> list[CoupledChannels]:
    """Channels written by a single layer, in the order of the forward pass.

    Channels that an addition joins to others, as between residual blocks, are left alone: all layers that are added
    there would have to lose the same ones.

    Args:
        skip: layers whose filters stay, by name.

    Raises:
        NotApplicable: there are none, a name is unknown, or weights have a representation already.
    """
    require_unrounded(compressed)
    network = compressed.network
    if compressed.example is None:
        raise ValueError("channels are found along the graph: give `Compressed` an `example`")
    coupled = channels(network, compressed.example)
    single = [group for group in coupled if len(group.writers) == 1]
    groups = [group for group in single if all(_has_sizes(network, name) for name in _tensors(group))]
    unknown = set(skip) - {layer(group) for group in groups}
    if unknown:
        raise NotApplicable(f"it has no layer {sorted(unknown)[0]!r} whose filters could be taken out")
    chosen = [group for group in groups if layer(group) not in skip]
    if not groups:
        raise NotApplicable(f"no filters were found that could be taken out alone: {_reason(network, coupled)}")
    if not chosen:
        raise NotApplicable("all layers whose filters could be taken out are to be skipped")
    return chosen


def _reason(network: torch.nn.Module, coupled: Sequence[CoupledChannels]) -> str:
    """Why no layer can lose filters alone."""
    if any(len(group.writers) > 1 for group in coupled):
        return "several layers write the same channels, by an addition or because one is called twice"
    if coupled:
        return "the layers that write or read them cannot be made smaller"
    layers = [module for module in network.modules() if bool(thin_channels.sizes_of(module)) and _is_layer(module)]
    if len(layers) < 2:
        return "no layer reads what another writes"
    uses = Counter(id(parameter) for _, parameter in network.named_parameters(remove_duplicate=False))
    if max(uses.values(), default=1) > 1:
        return "its layers share weights"
    return "what lies between its layers, or computes with their weights, is not known to treat every channel alike"


def _is_layer(module: torch.nn.Module) -> bool:
    return any(parameter.ndim > 1 for parameter in module.parameters(recurse=False))


def layer(group: CoupledChannels) -> str:
    """Name of the layer whose filters these are."""
    return group.writers[0].rpartition(".")[0]


def ratios(groups: Sequence[CoupledChannels], ratio: float | Sequence[float]) -> list[float]:
    """The share to remove from each group, given one for all or one per stage, from first to last.

    A stage is all layers whose feature maps have the same resolution.

    Raises:
        NotApplicable: there is another number of stages.
    """
    if isinstance(ratio, (int, float)):
        return [float(ratio)] * len(groups)
    stages = sorted({group.resolution for group in groups}, reverse=True)
    if len(stages) != len(ratio):
        raise NotApplicable(f"it has {len(stages)} stages of filters, and {len(ratio)} ratios are given")
    return [ratio[stages.index(group.resolution)] for group in groups]


def _count(group: CoupledChannels, kept_of_part: Callable[[int], int]) -> int:
    """How many channels to keep, from how many of a part's; at least one of each."""
    return group.parts * max(kept_of_part(group.count // group.parts), 1)


def largest(scores: torch.Tensor, group: CoupledChannels, count: int) -> torch.Tensor:
    """The `count` channels with the largest scores (C,), ascending, equally many of each part; ties go to the first."""
    parts = scores.reshape(group.parts, -1)
    chosen = parts.argsort(dim=1, descending=True, stable=True)[:, : count // group.parts]
    first = torch.arange(group.parts)[:, None] * parts.shape[1]
    return (chosen.cpu() + first).reshape(-1).sort().values


def largest_norms(network: torch.nn.Module, group: CoupledChannels, count: int) -> torch.Tensor:
    """The `count` filters with the largest L1 norms (Li et al. 2017), ascending."""
    return largest(network.get_parameter(group.writers[0]).detach().abs().flatten(1).sum(1), group, count)


def random_choice(seed: int) -> Choose:
    """A choice of filters at random, from one stream of numbers for all layers."""
    generator = torch.Generator().manual_seed(seed)

    def choose(network: torch.nn.Module, group: CoupledChannels, count: int) -> torch.Tensor:
        positions = torch.randperm(group.count, generator=generator).argsort()  # in a random order
        return largest(-positions, group, count)

    return choose


def thinned(compressed: Compressed, targets: Sequence[tuple[CoupledChannels, int]], choose: Choose) -> Compressed:
    """A copy with fewer channels. Layers are thinned one after another, each chosen in the network thinned so far.

    Args:
        targets: channels, and how many of them to keep.
        choose: returns the kept ones, ascending.

    Raises:
        NotApplicable: the thinner network does not run.
    """
    network = deepcopy(compressed.network)
    masks = dict(compressed.masks)
    order = []
    for group, count in targets:
        if count == group.count:
            continue
        kept = choose(network, group, count)
        masks.update(taken(masks, group, kept))
        thin(network, group, kept)
        order.append((group.outputs, kept.tolist()))
    assert compressed.example is not None  # or no channels would have been found
    _require_runs(network, compressed.example)
    thinner = finished(compressed, network).but(masks=masks)
    # Whoever reads the file can put the channels back where they were.
    return thinner.but(structure=(*thinner.structure, channel_order.step(order))) if order else thinner


def _require_runs(network: torch.nn.Module, example: torch.Tensor) -> None:
    """Refuse a network with a number of channels that no graph shows, e.g. in a view."""
    try:
        with torch.inference_mode():
            network.eval()(example.to(next(network.parameters()).device))
    except Exception as error:  # a user's network may raise anything
        first = str(error).partition("\n")[0]
        raise NotApplicable(f"it counts on the number of its channels: without some of them, {first}") from error


def finished(compressed: Compressed, network: torch.nn.Module) -> Compressed:
    """`compressed` with a copy of its network that has fewer channels, and the structural step between the two."""
    step = thin_channels.step(compressed.network, network)
    return compressed.but(network=network, structure=(*compressed.structure, step))


def thin(network: torch.nn.Module, group: CoupledChannels, kept: torch.Tensor) -> None:
    """Leave only the `kept` channels, in place."""
    # copies of the surviving weights are taken first: resizing a layer replaces its parameters by new ones
    values = take(network, group, kept)
    thin_channels.apply(network, _sizes(network, group, len(kept)))
    state = network.state_dict()
    for name, tensor in values.items():
        state[name].copy_(tensor)


def tuned(compressed: Compressed, workbench: Workbench, *, distill: bool) -> Compressed:
    """Fine-tune; weights that earlier unstructured pruning removed stay at zero."""
    return retrained(compressed, workbench, distill=distill)


def _sizes(network: torch.nn.Module, group: CoupledChannels, count: int) -> dict[str, dict[str, int]]:
    sizes: dict[str, dict[str, int]] = {}

    def change(tensor: str, **now: int) -> None:
        name = tensor.rpartition(".")[0]
        sizes.setdefault(name, thin_channels.sizes_of(network.get_submodule(name))).update(now)

    for name in group.writers:
        change(name, out=count)
    for name in group.followers:
        present = thin_channels.sizes_of(network.get_submodule(name.rpartition(".")[0]))
        # a depthwise convolution follows its channels: inputs, outputs and groups are the same number, before and after
        depthwise = present.get("groups", 0) == present["out"] == present.get("in", 0)
        change(name, **({"in": count, "out": count, "groups": count} if depthwise else {"out": count}))
    for reader in group.readers:
        change(reader.weight, **{"in": count * reader.factor})
    return sizes


def _tensors(group: CoupledChannels) -> tuple[str, ...]:
    return (*group.writers, *group.followers, *(reader.weight for reader in group.readers))


def _has_sizes(network: torch.nn.Module, tensor: str) -> bool:
    return bool(thin_channels.sizes_of(network.get_submodule(tensor.rpartition(".")[0])))
