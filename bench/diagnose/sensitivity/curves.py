"""Sensitivity curves: each tensor and group of channels compressed alone, then all together.

A classic of allocating compression to layers: Li et al. (2017), figure 2; Han et al. (2015), figure 6. Curves add up
badly, since a change in one layer meets what another has changed: so the loss of all changes together is measured too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, field

from torch import nn

from bench.compress.filters import widths
from bench.compress.method import NotApplicable
from bench.compress.pruning import masking
from bench.diagnose.sensitivity.judge import Judge, Performance
from bench.diagnose.sensitivity.levels import KINDS, Levels
from bench.diagnose.sensitivity.records import TOLERATED, Joint, Single, tolerated
from bench.diagnose.sensitivity.targets import Target, changed, targets
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish
from bench.footprint.packed import LayerSize, pack, sizes


@dataclass
class Curves:
    """All that was measured of one network, and one sentence per kind that it does not have."""

    singles: list[Single] = field(default_factory=list)
    joints: list[Joint] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def curves(compressed: Compressed, judge: Judge, levels: Levels) -> Curves:
    """Measure every target of every kind alone, then all of a kind together.

    Args:
        compressed: the original in float32, with an example; it is left as it is, bit for bit.
        judge: of the same network.

    Raises:
        NotApplicable: there is nothing to change of any kind.
    """
    measurements = _Measurements(compressed, judge, levels)
    result = Curves()
    for kind in (kind for kind in KINDS if kind in levels.kinds):
        try:
            chosen = targets(compressed, kind)
        except NotApplicable as reason:
            result.notes.append(f"{kind}: {reason}")
            continue
        alone: dict[Target, list[Single]] = {}
        for depth, target in enumerate(chosen, start=1):
            try:
                alone[target] = list(measurements.alone(target, depth))
            except NotApplicable as reason:  # such as a view that counts on a number of channels
                result.notes.append(f"{kind}, {target.name}: {reason}")
        if alone:
            result.singles += [single for points in alone.values() for single in points]
            try:
                result.joints += measurements.together(alone)
            except NotApplicable as reason:
                result.notes.append(f"{kind}, all together: {reason}")
    if not result.singles:
        raise NotApplicable(result.notes[0].partition(": ")[2])
    return result


class _Measurements:
    """The original with what it scores, against which all changes are measured."""

    def __init__(self, compressed: Compressed, judge: Judge, levels: Levels):
        self.compressed, self.judge, self.levels = compressed, judge, levels
        self.originals = {False: judge(compressed.network)}
        if judge.retakes:
            self.originals[True] = judge.recalibrated(deepcopy(compressed.network))
        packed = sizes(pack(finish(compressed), {"name": "original"}))
        self.payload = packed.payload_bytes
        # A tensor's section of the file depends on nothing else, as long as folding makes no zeros of its own, as it
        # does of filters whose γ is 0: it changes neither how wide integers are nor where pruned weights stand. Then
        # the section alone is packed, since the whole network would take longer than it takes to judge it.
        folded = {layer.name: layer for layer in packed.layers}
        self.sections = {name: _section(compressed, name) for name in _weights(compressed)}
        self.apart = all(
            name in folded
            and (folded[name].payload_bytes, folded[name].sparsity) == (size.payload_bytes, size.sparsity)
            for name, size in self.sections.items()
        )

    def alone(self, target: Target, depth: int) -> Iterator[Single]:
        """One target at all levels."""
        for level in self.levels.of(target.kind):
            network = changed(self.compressed, {target: level})
            saved = self._saved(network, [target])
            for retaken, judged in self._judged(network).items():
                yield Single(
                    target.kind, target.name, depth, len(target.weights), level, retaken, target.parameters, saved,
                    self._rise(judged, retaken), **asdict(judged),
                )  # fmt: skip

    def together(self, alone: Mapping[Target, Sequence[Single]]) -> Iterator[Joint]:
        """All targets at each level, then each at the harshest that it tolerates.

        Args:
            alone: what each target scores by itself.
        """
        kind = next(iter(alone)).kind
        points = {
            retaken: {target: [p for p in of if p.retaken == retaken] for target, of in alone.items()}
            for retaken in self.originals
        }
        for index, level in enumerate(self.levels.of(kind)):
            yield from self._joints(
                level, {retaken: [(t, of[index]) for t, of in each.items()] for retaken, each in points.items()}
            )
        for retaken, each in points.items():
            harshest = [(target, tolerated(of, self.levels.rise)) for target, of in each.items()]
            yield from self._joints(TOLERATED, {retaken: harshest})

    def _joints(self, level: float | str, points: Mapping[bool, Sequence[tuple[Target, Single]]]) -> Iterator[Joint]:
        """All targets at their levels, which are the same whether or not statistics are taken again."""
        pairs = next(iter(points.values()))
        levels = {target: point.level for target, point in pairs}
        network = changed(self.compressed, levels)
        mildest = self.levels.of(pairs[0][0].kind)[0]
        moved = [target for target, level in levels.items() if level != mildest]
        saved = self._saved(network, moved)
        judgements = self._judged(network)
        for retaken, of_treatment in points.items():
            rises = [point.rise for _, point in of_treatment if point.rise is not None]
            total = sum(rises) if len(rises) == len(of_treatment) else None
            yield Joint(
                pairs[0][0].kind, level, retaken, len(moved), saved, total,
                self._rise(judgements[retaken], retaken), **asdict(judgements[retaken]),
            )  # fmt: skip

    def _saved(self, network: Compressed, targets_: Sequence[Target]) -> int:
        """Bytes of payload that a changed network has less, packed as every method's is."""
        if network is self.compressed:
            return 0
        if not self.apart or any(target.kind == "channels" for target in targets_):
            return self.payload - widths.payload(network)
        names = [name for target in targets_ for name in target.weights]
        return sum(self.sections[name].payload_bytes - _section(network, name).payload_bytes for name in names)

    def _judged(self, network: Compressed) -> dict[bool, Performance]:
        """Without and with statistics taken again; afterwards the changed network has the new ones."""
        if network is self.compressed:  # nothing is changed: what the original scores, bit for bit
            return self.originals
        judged = {False: self.judge(network.network)}
        if self.judge.retakes:
            judged[True] = self.judge.recalibrated(network.network)
        return judged

    def _rise(self, judged: Performance, retaken: bool) -> float | None:
        before = self.originals[retaken].loss
        return None if judged.loss is None or before is None else judged.loss - before


def _weights(compressed: Compressed) -> list[str]:
    """Names of the weights that can be pruned or rounded; none if there are none."""
    try:
        return list(masking.prunable(compressed.network))
    except NotApplicable:
        return []


def _section(compressed: Compressed, name: str) -> LayerSize:
    """What one weight takes in the packed file."""
    alone = nn.Module()
    alone.weight = nn.Parameter(compressed.network.get_parameter(name).detach())
    of_weight = Compressed(
        alone,
        representations={"weight": compressed.representations[name]} if name in compressed.representations else {},
        masks={"weight": compressed.masks[name]} if name in compressed.masks else {},
    )
    return sizes(pack(of_weight, {"name": "weight"})).layers[0]
