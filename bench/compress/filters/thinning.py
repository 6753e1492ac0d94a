"""Structured pruning: which filters may be removed, and the smaller network without them.

Channels are coupled as the traced graph shows (`bench.compress.filters.channels`).
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import partial
from typing import Literal, Protocol

import torch

from bench.compress.filters.channels import channels, fixed_by
from bench.compress.filters.coupled import CoupledChannels, Removals, order_step, take, taken
from bench.compress.method import NotApplicable, require_unrounded
from bench.footprint.compressed import Compressed
from bench.footprint.structure import thin_channels

ACROSS = (torch.nn.LayerNorm, torch.nn.GroupNorm)  # without some of the channels, the others' mean would change
MOST_CAUSES = 3  # that a log names
ELSE = "they write the outputs, have one channel, or something computes with their weights"
Which = Literal["inside", "all"]
Choose = Callable[[torch.nn.Module, CoupledChannels, int], torch.Tensor]  # network, channels, count to keep -> kept
log = logging.getLogger(__name__)


class Kept(Protocol):
    """How many of `filters` stay if a share of them is removed."""

    def __call__(self, filters: int, share: float) -> int: ...


def counts(
    compressed: Compressed,
    ratio: float | tuple[float, ...],
    skip: tuple[str, ...],
    kept: Kept,
    which: Which = "inside",
) -> list[tuple[CoupledChannels, int]]:
    """The channels that can be removed, and how many of them to keep: at least one of each part.

    Args:
        ratio: share to remove, one for all layers or one per stage (see `ratios`).
        skip: layers that keep all their filters, by name.
        kept: how many filters of a part to keep.
        which: see `prunable`.

    Raises:
        NotApplicable: there are none, a layer is unknown, or there is another number of stages.
    """
    groups = prunable(compressed, skip, which)
    shares = ratios(groups, ratio)
    return [(group, _count(group, partial(kept, share=share))) for group, share in zip(groups, shares, strict=True)]


def prunable(compressed: Compressed, skip: Sequence[str] = (), which: Which = "inside") -> list[CoupledChannels]:
    """Channels that can be removed, in the order of the forward pass.

    Args:
        skip: layers whose filters stay, by name.
        which: "inside" leaves alone what an addition joins, as between residual blocks; "all" removes the same channels
            from all layers that are added there.

    Raises:
        NotApplicable: there are none, a name is unknown, or weights have a representation already.
    """
    require_unrounded(compressed)
    network = compressed.network
    if compressed.example is None:
        raise ValueError("channels are found along the graph: give `Compressed` an `example`")
    coupled = channels(network, compressed.example)
    considered = [group for group in coupled if which == "all" or len(group.writers) == 1]
    groups = [group for group in considered if _can_shrink(network, group)]
    unknown = set(skip).difference(*map(layers, groups))
    if unknown:
        raise NotApplicable(f"it has no layer {sorted(unknown)[0]!r} whose filters could be taken out")
    chosen = [group for group in groups if not layers(group) & set(skip)]
    if not groups:
        alone = " alone" if which == "inside" else ""
        raise NotApplicable(
            f"no filters were found that could be taken out{alone}: {_reason(compressed, coupled, which)}"
        )
    if not chosen:
        raise NotApplicable("all layers whose filters could be taken out are to be skipped")
    return chosen


def say_what_stays(compressed: Compressed, which: Which) -> None:
    """Tell a cell's log which layers keep their channels if all are to be thinned, and what fixes them."""
    if which == "inside":
        return
    assert compressed.example is not None  # or no groups would have been found
    fixed = fixed_by(compressed.network, compressed.example)
    for because, weights in list(fixed.items())[:MOST_CAUSES]:
        first, *others = [name.rpartition(".")[0] for name in weights]
        them = f"{first} and {len(others)} other{'s' * (len(others) > 1)} keep" if others else f"{first} keeps"
        log.info("%s all channels: %s", them, because)
    if len(fixed) > MOST_CAUSES:
        log.info("so do layers for other reasons: %d in all", len(fixed))


def _reason(compressed: Compressed, coupled: Sequence[CoupledChannels], which: Which) -> str:
    """Why no layer can lose filters."""
    network = compressed.network
    if which == "inside" and any(len(group.writers) > 1 for group in coupled):
        return "several layers write the same channels, by an addition or because one is called twice"
    if coupled:
        return "the layers that write or read them cannot be made smaller"
    sized = [module for module in network.modules() if bool(thin_channels.sizes_of(module)) and _is_layer(module)]
    if len(sized) < 2:
        return "no layer reads what another writes"
    uses = Counter(id(parameter) for _, parameter in network.named_parameters(remove_duplicate=False))
    if max(uses.values(), default=1) > 1:
        return "its layers share weights"
    assert compressed.example is not None
    reason = next(iter(fixed_by(network, compressed.example)), ELSE)
    if any(isinstance(module, ACROSS) for module in network.modules()):
        reason += "; layer and group normalisation take means over several channels"
    return reason


def _is_layer(module: torch.nn.Module) -> bool:
    return any(parameter.ndim > 1 for parameter in module.parameters(recurse=False))


def layers(group: CoupledChannels) -> set[str]:
    """Names of the layers whose filters these are."""
    return {name.rpartition(".")[0] for name in group.writers}


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
    """The `count` filters with the largest L1 norms (Li et al. 2017), ascending; mean over layers that are added."""
    norms = [network.get_parameter(name).detach().abs().flatten(1).sum(1) for name in group.writers]
    return largest(torch.stack(norms).mean(0), group, count)


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
    order, removals = [], Removals()
    for group, count in targets:
        if count == group.count:
            continue
        present = removals.moved(group)
        kept = choose(network, present, count)
        masks.update(taken(masks, present, kept))
        thin(network, present, kept)
        removals.note(group, count)
        order.append((group, kept.tolist()))
    assert compressed.example is not None  # or no channels would have been found
    _require_runs(network, compressed.example)
    thinner = finished(compressed, network).but(masks=masks)
    # Whoever reads the file can put the channels back where they were.
    return thinner.but(structure=(*thinner.structure, order_step(order))) if order else thinner


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
    """Leave only the `kept` channels, in place.

    Args:
        group: as it is in this network: what others lost before has moved it, see `Removals`.
    """
    # copies of the surviving weights are taken first: resizing a layer replaces its parameters by new ones
    values = take(network, group, kept)
    thin_channels.apply(network, _sizes(network, group, len(kept)))
    state = network.state_dict()
    for name, tensor in values.items():
        state[name].copy_(tensor)


def _sizes(network: torch.nn.Module, group: CoupledChannels, count: int) -> dict[str, dict[str, int]]:
    # a layer loses its channels once, however many of its tensors have them
    written = {(name.rpartition(".")[0], 0) for name in group.writers}
    written |= {(follower.name.rpartition(".")[0], follower.start) for follower in group.followers}
    read = {(reader.weight.rpartition(".")[0], reader.start, reader.factor) for reader in group.readers}
    names = {name for name, _ in written} | {name for name, *_ in read}
    sizes = {name: thin_channels.sizes_of(network.get_submodule(name)) for name in sorted(names)}
    gone = group.count - count
    for name, _ in written:
        present = sizes[name]
        # a depthwise convolution follows its channels: inputs, outputs and groups are the same number, before and after
        depthwise = present.get("groups", 0) == present["out"] == present.get("in", 0)
        for side in ("in", "out", "groups") if depthwise else ("out",):
            present[side] -= gone
    for name, _, factor in read:
        sizes[name]["in"] -= gone * factor
    return sizes


def _can_shrink(network: torch.nn.Module, group: CoupledChannels) -> bool:
    """Whether all layers of a group have sizes, and its weights are parameters; buffers may be computed from others."""
    learned = {name for name, _ in network.named_parameters(remove_duplicate=False)}
    weights = (*group.writers, *(reader.weight for reader in group.readers))
    return learned.issuperset(weights) and all(
        bool(thin_channels.sizes_of(network.get_submodule(name.rpartition(".")[0]))) for name in group.names
    )
