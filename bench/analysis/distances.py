"""How far every network's inside is from the original's, by every measure, block by block and over all blocks.

Distances are in seed-equivalents, the cross-probe's losses in points; what they mean is `sameness`'s to judge.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from bench.analysis.inside import CROSS_PROBE, Cells, Inside, Yardstick, comparable, first_scaled, read, yardstick
from bench.analysis.reference import Reference, reference
from bench.analysis.study import Study, measurement
from bench.roles import ORIGINAL, OTHER_SEED
from bench.runner.plan_file import PlanFile
from bench.statistics.arrays import difference, joined
from bench.statistics.crossed import crossed_mean
from bench.statistics.estimate import Estimate
from bench.statistics.intervals import seeds_and_images
from bench.statistics.scaled import Scaled, scaled

Key = tuple[str, str, str, str]  # model, variant, feature, measure


@dataclass(frozen=True)
class Distance:
    """One network by one measure that has a scale.

    Attributes:
        yardstick: how the measure's values are read.
        blocks: names in order of depth.
        values: (S, L) on the measure's own scale.
        mean, at: the measure itself, over the blocks that count and in each, over seeds and images.
        overall, overall_at: the distance to the original.
        beyond, beyond_at: less the reference's; None if there is no reference to take off.
        counted: (L,) the blocks for which another seed has a value: those that the mean is over.
        refused: names of the counted blocks that this network has no value for in some seed.
        equal: whether every block of every seed equals the original's up to rounding.
        notes: what a reader must know, a sentence each.
    """

    yardstick: Yardstick
    blocks: tuple[str, ...]
    values: np.ndarray
    mean: Estimate
    at: tuple[Estimate, ...]
    overall: Scaled
    overall_at: tuple[Scaled, ...]
    beyond: Scaled | None
    beyond_at: tuple[Scaled, ...] | None
    counted: np.ndarray
    refused: tuple[str, ...]
    equal: bool
    notes: tuple[str, ...] = ()

    @cached_property
    def note(self) -> str:
        """All notes in one string."""
        return joined(*self.notes)


@dataclass(frozen=True)
class ProbeLoss:
    """What the original's probe loses on one network, block by block, as shares of the probe images.

    Attributes:
        blocks: names in order of depth.
        values: (S, L) the loss in each seed.
        at: the loss to the original.
        beyond: less the reference's; None if there is no reference to take off.
        changed: (L,) images whose answer differs from the reference's in any seed.
        images: how many there are.
        refused: names of blocks without a value in some seed.
        retrained: names of blocks on which the probe was trained again, for want of shared coordinates.
        notes: what a reader must know, a sentence each.
    """

    blocks: tuple[str, ...]
    values: np.ndarray
    at: tuple[Estimate, ...]
    beyond: tuple[Estimate, ...] | None
    changed: np.ndarray
    images: int
    refused: tuple[str, ...]
    retrained: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @cached_property
    def note(self) -> str:
        """All notes in one string."""
        again = f"Probe trained again on {', '.join(self.retrained)}: no shared coordinates." if self.retrained else ""
        return joined(*self.notes, again)


@dataclass(frozen=True)
class NetworkDistances:
    """What `distances` keeps of one network: its measures, without the influences of images.

    Attributes:
        by: by (feature, measure).
        maps: by (feature, measure), those that were asked for and have a value.
        identical: whether every block of every seed of the profile has the original's activations, bit for bit.
        seeds: with a comparison.
        brief: by the first measure on a scale, of the first convention, with the mean influence over seeds in every
            seed's place; None unless every seed of the profile has it.
    """

    by: Mapping[tuple[str, str], Distance | ProbeLoss]
    maps: Mapping[tuple[str, str], tuple[tuple[str, ...], np.ndarray]]
    identical: bool
    seeds: int
    brief: Inside | None = None


@measurement
def compared(study: Study) -> dict[tuple[str, str], NetworkDistances]:
    """By (model, variant); networks without any comparison are left out."""
    # Influences are S × L × n numbers a measure: those of one variant, its reference and the other seed are in memory
    # at a time, never those of a whole profile.
    return {
        (model, label): found for model in study.models for label, found in _of_model(study, model) if found is not None
    }


def distance(study: Study, model: str, variant: str, feature: str, measure: str) -> Distance | None:
    """One network by one measure; None if it was not compared by it."""
    found = _one(study, model, variant, feature, measure)
    return found if isinstance(found, Distance) else None


def loss(study: Study, model: str, variant: str, feature: str) -> ProbeLoss | None:
    """One network by the cross-probe; None if it was not read by one."""
    found = _one(study, model, variant, feature, CROSS_PROBE)
    return found if isinstance(found, ProbeLoss) else None


@measurement
def measures(study: Study) -> tuple[str, ...]:
    """The names of the measures that any network was compared by, in the order of the profile."""
    present = dict.fromkeys(measure for found in compared(study).values() for _, measure in found.by)
    ordered = [name for name in study.plan.similarity.measures if name in present]
    return (*ordered, *(name for name in present if name not in ordered))


def own_margins(study: Study, model: str) -> dict[str, float]:
    """The margin of each measure in its own unit, by the first convention: so many seed-equivalents, or points."""
    feature, margin = study.plan.features[0], study.plan.margins.inside
    margins: dict[str, float] = {}
    for found in (found for (name, _), found in compared(study).items() if name == model):
        for (convention, measure), one in found.by.items():
            if convention == feature and isinstance(one, Distance) and np.isfinite(one.overall.unit):
                margins.setdefault(measure, margin * one.overall.unit)
            elif convention == feature and isinstance(one, ProbeLoss):
                margins.setdefault(measure, study.plan.margins.accuracy)
    return margins


def _one(study: Study, model: str, variant: str, feature: str, measure: str) -> Distance | ProbeLoss | None:
    found = compared(study).get((model, variant))
    return found.by.get((feature, measure)) if found else None


def _of_model(study: Study, model: str):
    other = read(study.results, model, OTHER_SEED) if OTHER_SEED in comparable(study.plan) else None
    kept: dict[str, Cells | None] = {OTHER_SEED: other}
    labels = comparable(study.plan)
    wanted = {label: reference(study, model, label) for label in labels}
    far = {key: _Blocks.of(yardstick(study.plan, key[1]), one) for key, one in (other.by if other else {}).items()}
    for label in labels:
        against = wanted[label].inside_label
        if against is not None and against not in (ORIGINAL, *kept):
            kept[against] = read(study.results, model, against)
        network = kept[label] if label in kept else read(study.results, model, label)
        yield label, _reduced(study.plan, network, wanted[label], kept.get(against or ""), far) if network else None


def _reduced(
    plan: PlanFile, network: Cells, against: Reference, control: Cells | None, far: Mapping[tuple[str, str], _Blocks]
) -> NetworkDistances:
    by: dict[tuple[str, str], Distance | ProbeLoss] = {}
    for key, inside in network.by.items():
        taken_off = _Reference(against.kind == "original", control.by.get(key) if control else None)
        if key[1] == CROSS_PROBE:
            if inside.right is not None:
                by[key] = _loss(inside, taken_off)
        else:
            by[key] = _distance(inside, taken_off, far.get(key), yardstick(plan, key[1]))
    return NetworkDistances(
        by=by,
        maps={
            key: (inside.blocks, inside.map)
            for key, inside in network.by.items()
            if inside.map is not None and np.isfinite(inside.map).any()
        },
        identical=bool((network.identical == 1.0).all()),
        seeds=int(np.isfinite(network.identical).sum()),
        brief=_brief(network.by.get((plan.features[0], first_scaled(plan)))),
    )


def _brief(inside: Inside | None) -> Inside | None:
    """With one row of influences for all seeds, which is all that their mean needs."""
    if inside is None or not inside.measured.all():
        return None
    mean = inside.influence.mean(axis=0, dtype=np.float64)
    return replace(inside, influence=np.broadcast_to(mean, inside.influence.shape), map=None, right=None)


@dataclass(frozen=True)
class _Reference:
    """What is taken off: nothing for the original, which is 0 from itself; None for a control without a comparison."""

    original: bool
    inside: Inside | None

    def fits(self, inside: Inside) -> bool:
        return self.original or (self.inside is not None and self.inside.influence.shape == inside.influence.shape)


def _distance(inside: Inside, reference: _Reference, far: _Blocks | None, scale: Yardstick) -> Distance:
    mine = _Blocks.of(scale, inside)
    if far is not None and far.shape != inside.influence.shape:
        far = None
    theirs = far or _Blocks(np.full_like(inside.values, np.nan), None)
    # A block counts where another seed has a value, that is where the measure can say something of this architecture
    # at all. A network that has none there (its units died, say) does not get an easier mean for it: see `refused`.
    counted = np.isfinite(far.distances if far else inside.values).any(axis=0)
    # A seed in which every unit died has no value in any block and counts all the same.
    measured = inside.measured
    lacking = counted & ~np.isfinite(inside.values[measured]).all(axis=0)
    # The mean is over the counted blocks that the network has in all its seeds, so that no seed has another mean.
    usable = counted & ~lacking
    single = [usable & only for only in np.eye(len(usable), dtype=bool)]  # that block alone, or none
    overall, overall_at = mine.on(theirs, usable), tuple(mine.on(theirs, block) for block in single)
    beyond, beyond_at = None, None
    if reference.original:  # which is at no distance from itself
        beyond, beyond_at = overall, overall_at
    elif reference.inside is not None and reference.fits(inside):
        gap = mine.less(_Blocks.of(scale, reference.inside))
        beyond, beyond_at = gap.on(theirs, usable), tuple(gap.on(theirs, block) for block in single)
    return Distance(
        yardstick=scale,
        blocks=inside.blocks,
        values=inside.values,
        mean=_raw(inside, usable),
        at=tuple(_raw(inside, block) for block in single),
        overall=overall,
        overall_at=overall_at,
        beyond=beyond,
        beyond_at=beyond_at,
        counted=counted,
        refused=tuple(name for name, lacks in zip(inside.blocks, lacking) if lacks),
        equal=bool((mine.distances[measured][:, counted] == 0.0).all()) and bool(measured.any() and counted.any()),
        notes=inside.notes,
    )


@dataclass(frozen=True)
class _Blocks:
    """Distances (S, L) of blocks with the influence (S, L, n) of images on them, as the measure has it.

    Attributes:
        sign: what makes it an influence on distances.
    """

    distances: np.ndarray
    influence: np.ndarray | None
    sign: float = 1.0
    _means: dict[bytes, tuple[np.ndarray, np.ndarray | None]] = field(default_factory=dict, repr=False)

    @staticmethod
    def of(scale: Yardstick, inside: Inside) -> _Blocks:
        """Those that a measure gives."""
        return _Blocks(scale.distance(inside.values), inside.influence, scale.sign)

    @property
    def shape(self) -> tuple[int, ...]:
        """(S, L, n); empty without influences."""
        return () if self.influence is None else self.influence.shape

    def less(self, other: _Blocks) -> _Blocks:
        """The distances beyond those of another network by the same measure."""
        influence = None if self.influence is None or other.influence is None else self.influence - other.influence
        return _Blocks(difference(self.distances, other.distances), influence, self.sign)

    def on(self, other: _Blocks, blocks: np.ndarray) -> Scaled:
        """The mean over some blocks, in units of another seed's mean over the same blocks."""
        if not blocks.any():
            nothing = np.full(len(self.distances), np.nan)
            return scaled(nothing, None, nothing, None)
        return scaled(*self._mean(blocks), *other._mean(blocks))

    # Another seed's means stand below those of every network.
    def _mean(self, blocks: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        key = blocks.tobytes()
        if key not in self._means:
            influence = None if self.influence is None else self.sign * self.influence[:, blocks].mean(axis=1)
            self._means[key] = self.distances[:, blocks].mean(axis=1), influence
        return self._means[key]


def _raw(inside: Inside, blocks: np.ndarray) -> Estimate:
    """The measure on its own scale, mean over some blocks."""
    if not blocks.any():
        return seeds_and_images(np.full(len(inside.values), np.nan), None)
    return seeds_and_images(inside.values[:, blocks].mean(axis=1), inside.influence[:, blocks].mean(axis=1))


def _loss(inside: Inside, reference: _Reference) -> ProbeLoss:
    # Where the reference is the original, its own reading is beside the network's in the same file; a control's is in
    # the control's file, on the same images.
    right = np.asarray(inside.right, dtype=np.float64)
    losses = right[:, 0] - right[:, 1]
    beyond = None
    if reference.fits(inside):
        beyond = losses
        if not reference.original and reference.inside is not None and reference.inside.right is not None:
            taken = np.asarray(reference.inside.right, dtype=np.float64)
            beyond = losses - (taken[:, 0] - taken[:, 1])
    judged = losses if beyond is None else beyond
    lacking = ~np.isfinite(inside.values[inside.measured]).all(axis=0)
    again = inside.retrained if inside.retrained is not None else np.zeros(len(inside.blocks), bool)
    blocks = range(len(inside.blocks))
    return ProbeLoss(
        blocks=inside.blocks,
        values=inside.values,
        at=tuple(crossed_mean(losses[:, block]) for block in blocks),
        beyond=None if beyond is None else tuple(crossed_mean(beyond[:, block]) for block in blocks),
        changed=(np.nan_to_num(judged) != 0.0).any(axis=0).sum(axis=1),
        images=right.shape[-1],
        refused=tuple(name for name, lacks in zip(inside.blocks, lacking) if lacks),
        retrained=tuple(name for name, taught in zip(inside.blocks, again) if taught),
        notes=inside.notes,
    )
