"""What the compare cells measured of a network's inside, by measure and convention of features, over all seeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bench.analysis.results import Results
from bench.errors import InputError
from bench.roles import ORIGINAL
from bench.runner.plan_file import PlanFile

CROSS_PROBE = "cross-probe"  # in points of accuracy, where all others are distances in seed-equivalents
_ROUNDING = 1e-9  # stored values of equal representations differ from the best one by less
PARTS = ("value", "influence", "map", "right", "kind")  # of a measure's arrays
_OLD = "original.value"  # what comparisons held before they held several measures


@dataclass(frozen=True)
class Inside:
    """One measure of one variant's blocks, each against the same block of the original of its seed.

    Attributes:
        blocks: names in order of depth.
        values: (S, L) on the measure's own scale; NaN for a seed without a result and a block that it refuses.
        influence: (S, L, n) float32, of each probe image on each value, on the same scale.
        measured: (S,) whether a seed has a result, be it that every block is refused.
        map: (L, L) mean over seeds, rows the original's blocks, columns this variant's; None if there is none.
        right: (S, 2, L, n) of the cross-probe: which images it reads rightly on the original and on this network, NaN
            for a seed without it; None for other measures.
        retrained: (L,) whether the cross-probe had to be trained again on this network in any seed.
        notes: what a reader must know, a sentence each.
    """

    blocks: tuple[str, ...]
    values: np.ndarray
    influence: np.ndarray
    measured: np.ndarray
    map: np.ndarray | None = None
    right: np.ndarray | None = None
    retrained: np.ndarray | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cells:
    """Everything that one variant's compare cells hold, all seeds.

    Attributes:
        by: by (feature, measure), in the order of the files.
        identical: (S,) 1 where every block's activations equal the original's bit for bit, 0 where not, NaN for a seed
            without a result.
    """

    by: Mapping[tuple[str, str], Inside]
    identical: np.ndarray


@dataclass(frozen=True)
class Yardstick:
    """How a measure's values are read.

    Attributes:
        title: as printed.
        best: its value for two equal insides; NaN where it has none, or the measure is not at hand any more.
        sign: -1 where larger values are nearer, 1 where they are farther.
    """

    title: str
    best: float
    sign: float

    def distance(self, values: np.ndarray) -> np.ndarray:
        """Distances from equal insides: 1 - A of a similarity, d of a distance; exactly 0 up to rounding."""
        apart = self.sign * (np.asarray(values, dtype=np.float64) - self.best)
        return np.where(np.abs(apart) <= _ROUNDING * max(abs(self.best), 1.0), 0.0, apart)


def yardstick(plan: PlanFile, name: str) -> Yardstick:
    """How a measure of this name is read; one that nobody can describe any more has no best value."""
    try:
        measure = plan.similarity.measure(name)
    except InputError:
        return Yardstick(name, float("nan"), 1.0)
    best = float("nan") if measure.best is None else measure.best
    return Yardstick(measure.title, best, -1.0 if measure.larger_is_similar else 1.0)


def read(results: Results, model: str, variant: str, only: tuple[str, str] | None = None) -> Cells | None:
    """What the compare cells of one variant hold; None if no seed has any in today's format.

    Args:
        only: the feature and measure that are wanted; default all.
    """
    names = () if only is None else ("layers", "identical", *(f"{'/'.join(only)}/{part}" for part in PARTS))
    seeds = [results.similarity(model, variant, seed, names) or {} for seed in results.plan.seeds]
    first = next((arrays for arrays in seeds if any("/" in name for name in arrays)), None)
    if first is None:
        return None
    stems = dict.fromkeys(name.rsplit("/", 1)[0] for arrays in seeds for name in arrays if "/" in name)
    blocks = tuple(str(name) for name in first["layers"])
    keys = [(feature, measure) for feature, _, measure in (stem.partition("/") for stem in stems)]
    found = {key: _gathered(seeds, *key, blocks) for key in keys}
    identical = [float(np.all(arrays["identical"])) if "identical" in arrays else np.nan for arrays in seeds]
    return Cells({key: inside for key, inside in found.items() if inside}, np.array(identical))


def outdated(results: Results) -> str:
    """What to say of comparisons by an earlier version, which held debiased CKA alone; empty if there are none."""
    rows = results.compared
    for model, variant, seed in zip(rows["model"], rows["variant"], rows["seed"]):
        names = results.similarity(model, variant, seed, ()) or {}
        if any(name.endswith(_OLD) for name in names) and not any("/" in name for name in names):
            return (
                "The comparisons of these runs are of an earlier version, which measured debiased CKA alone: run the "
                "profile again to compare the insides by all measures."
            )
        if names:
            return ""
    return ""


def _gathered(seeds: list[dict[str, np.ndarray]], feature: str, measure: str, blocks: tuple[str, ...]) -> Inside | None:
    """One measure's arrays of all seeds; a seed that lacks them, or has other blocks or images, stays NaN."""
    prefix = f"{feature}/{measure}/"
    complete = [arrays for arrays in seeds if {f"{prefix}value", f"{prefix}influence"} <= arrays.keys()]
    if not complete:
        return None
    shape = complete[0][f"{prefix}influence"].shape
    values, influence = np.full((len(seeds), len(blocks)), np.nan), np.full((len(seeds), *shape), np.nan, np.float32)
    right = np.full((len(seeds), 2, *shape), np.nan, np.float32) if measure == CROSS_PROBE else None
    other, lost, retrained = 0, 0, np.zeros(len(blocks), bool)
    measured = np.zeros(len(seeds), bool)
    for index, arrays in enumerate(seeds):
        if f"{prefix}influence" not in arrays:
            continue
        if arrays[f"{prefix}influence"].shape != shape or tuple(map(str, arrays["layers"])) != blocks:
            other += 1
            continue
        value, psi = np.asarray(arrays[f"{prefix}value"], dtype=np.float64), arrays[f"{prefix}influence"]
        # A value whose influences are missing would count without its error: the seed is left out, and said to be.
        if bool((np.isfinite(value) & ~np.isfinite(psi).all(axis=1)).any()):
            lost += 1
            continue
        values[index], influence[index], measured[index] = value, psi, True
        if right is not None and f"{prefix}right" in arrays:
            right[index] = np.where(np.isfinite(value)[:, None], arrays[f"{prefix}right"], np.nan)
        if f"{prefix}kind" in arrays:
            retrained |= np.asarray(arrays[f"{prefix}kind"]) == "retrained"
    maps = [arrays[f"{prefix}map"] for arrays in complete if f"{prefix}map" in arrays]
    return Inside(
        blocks=blocks,
        values=values,
        influence=influence,
        measured=measured,
        map=np.mean(maps, axis=0) if maps and len({array.shape for array in maps}) == 1 else None,
        right=right,
        retrained=retrained if right is not None else None,
        notes=tuple(_notes(len(seeds), lost, other)),
    )


def _notes(seeds: int, lost: int, other: int) -> list[str]:
    lacking = f"{lost} of {seeds} seeds left out, since influences of images are missing."
    differing = f"{other} of {seeds} seeds left out, since their blocks or probe images are others."
    return [sentence for count, sentence in ((lost, lacking), (other, differing)) if count]


def first_scaled(plan: PlanFile) -> str:
    """The first deciding measure on the scale of another seed's, or else the first of all."""
    names = plan.similarity.inside
    return next((name for name in names if name != CROSS_PROBE), names[0])


def comparable(plan: PlanFile) -> list[str]:
    """The variants that are compared with the original."""
    return [variant.label for variant in plan.variants if variant.label != ORIGINAL]
