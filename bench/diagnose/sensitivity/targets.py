"""What of a network can be compressed alone, and the network in which only that is."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from bench.compress.filters import thinning
from bench.compress.filters.channels import channels
from bench.compress.filters.coupled import CoupledChannels
from bench.compress.method import NotApplicable
from bench.compress.pruning import masking
from bench.compress.pruning.allocation import best_of_each, survivors
from bench.compress.quantization.integers import Grid, rounded
from bench.diagnose.sensitivity.levels import FLOAT, Kind
from bench.footprint.compressed import Compressed
from bench.footprint.trace import trace


@dataclass(frozen=True)
class Target:
    """A tensor, or a group of channels with all tensors that have them.

    Attributes:
        kind: how it is changed.
        name: the layer of its first weight; unique within a kind.
        weights: names of the weights that are pruned or rounded; of a group, those that write its channels.
        parameters: numbers that it holds; of channels, all that would go with them.
        group: the channels; None for a tensor.
    """

    kind: Kind
    name: str
    weights: tuple[str, ...]
    parameters: int
    group: CoupledChannels | None = None


def targets(compressed: Compressed, kind: Kind) -> tuple[Target, ...]:
    """All targets of a kind, in the order of the forward pass.

    Args:
        compressed: the original, with an example.

    Raises:
        NotApplicable: there are none.
    """
    if kind == "channels":
        groups = thinning.prunable(compressed, which="all")
        return tuple(_of_group(compressed, kind, group, _numbers(compressed, group)) for group in groups)
    weights = masking.prunable(compressed.network)
    if kind == "stream-bits":
        assert compressed.example is not None
        streams = [
            group
            for group in channels(compressed.network, compressed.example)
            if len(group.writers) > 1 and set(group.writers) <= set(weights)
        ]
        if not streams:
            raise NotApplicable("no layers are added to one stream of channels that could be rounded together")
        sizes = [sum(weights[name].numel() for name in group.writers) for group in streams]
        return tuple(_of_group(compressed, kind, group, size) for group, size in zip(streams, sizes, strict=True))
    return tuple(
        Target(kind, _layer(name), (name,), weights[name].numel()) for name in _by_depth(compressed, list(weights))
    )


def changed(compressed: Compressed, levels: Mapping[Target, float]) -> Compressed:
    """A copy in which each target alone is at its level; `compressed` itself where none changes anything.

    Every call starts from the same original, so that no change is made of a changed network.

    Args:
        compressed: the original, whose weights are float32.
        levels: targets of one kind with the share that is pruned, or the bits.
    """
    levels = {target: level for target, level in levels.items() if level not in (0.0, FLOAT)}
    if not levels:
        return compressed
    (kind,) = {target.kind for target in levels}
    if kind == "elements":
        return _pruned(compressed, levels)
    return _thinned(compressed, levels) if kind == "channels" else _rounded(compressed, levels)


def _pruned(compressed: Compressed, levels: Mapping[Target, float]) -> Compressed:
    magnitudes = {
        name: compressed.network.get_parameter(name).detach().abs() for target in levels for name in target.weights
    }
    kept = {
        name: survivors(level, magnitudes[name].numel()) for target, level in levels.items() for name in target.weights
    }
    return masking.pruned(compressed, best_of_each(magnitudes, kept))


def _thinned(compressed: Compressed, levels: Mapping[Target, float]) -> Compressed:
    # Filters are chosen in the original. Chosen one group after another, as a method would, those of a layer would
    # depend on which of its inputs are gone already, and joint changes would not be the single ones together.
    counts = []
    kept = {}
    for target, level in levels.items():
        group = target.group
        assert group is not None
        count = group.parts * max(survivors(level, group.count // group.parts), 1)
        counts.append((group, count))
        kept[group.writers] = thinning.largest_norms(compressed.network, group, count)
    return thinning.thinned(compressed, counts, lambda network, group, count: kept[group.writers])


def _rounded(compressed: Compressed, levels: Mapping[Target, float]) -> Compressed:
    by_bits: defaultdict[int, list[str]] = defaultdict(list)
    for target, level in levels.items():
        by_bits[int(level)].extend(target.weights)
    for bits, names in by_bits.items():
        compressed = rounded(compressed, Grid(bits=bits, per_channel=True, search=True), only=names)
    return compressed


def _of_group(compressed: Compressed, kind: Kind, group: CoupledChannels, parameters: int) -> Target:
    return Target(kind, _layer(group.writers[0]), group.writers, parameters, group)


def _numbers(compressed: Compressed, group: CoupledChannels) -> int:
    """Numbers in all parameters that belong to the channels; others' channels may be concatenated with them."""
    learned = dict(compressed.network.named_parameters())
    shares = [(name, 1.0) for name in group.writers]
    shares += [(f.name, group.count / len(learned[f.name])) for f in group.followers if f.name in learned]
    for reader in group.readers:
        if reader.weight in learned and reader.weight not in group.writers:
            inputs = learned[reader.weight].shape[1] * reader.groups
            shares.append((reader.weight, group.count * reader.factor / inputs))
    return round(sum(learned[name].numel() * share for name, share in shares if name in learned))


def _layer(weight: str) -> str:
    return weight.rpartition(".")[0] or weight


def _by_depth(compressed: Compressed, names: list[str]) -> list[str]:
    """Weights in the order in which the forward pass first uses them; unused ones at the end."""
    assert compressed.example is not None
    first: dict[str, int] = {}
    for position, operation in enumerate(trace(compressed.network, compressed.example).operations):
        for name in operation.parameters:
            first.setdefault(name, position)
    return sorted(names, key=lambda name: first.get(name, math.inf))
