"""Similarity of a network's inside to the original's, with its uncertainty over seeds and images at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bench.analysis.results import Results
from bench.roles import ORIGINAL
from bench.runner.plan_file import PlanFile
from bench.statistics.estimate import Estimate
from bench.statistics.intervals import from_atanh, paired_difference, seeds_and_images


@dataclass(frozen=True)
class Inside:
    """Debiased linear CKA of one variant's blocks to the original's, all seeds of one model.

    Attributes:
        blocks: names in order of depth.
        values: (S, L), NaN where a seed has none.
        influence: (S, L, n) of each probe image on each value, on the value's own scale.
        map: (L, L) mean over seeds, rows the original's blocks, columns this variant's; None where no seed has one.
    """

    blocks: tuple[str, ...]
    values: np.ndarray
    influence: np.ndarray
    map: np.ndarray | None

    @cached_property
    def mean_values(self) -> np.ndarray:
        """(S,) mean over the blocks."""
        return self.values.mean(axis=1)

    @cached_property
    def mean_influence(self) -> np.ndarray:
        """(S, n) influence on the mean over the blocks."""
        return self.influence.mean(axis=1)

    def overall(self) -> Estimate:
        """The mean over blocks and seeds."""
        return seeds_and_images(self.mean_values, self.mean_influence, scale="atanh")

    def at(self, block: int) -> Estimate:
        """One block's mean over seeds."""
        return seeds_and_images(self.values[:, block], self.influence[:, block], scale="atanh")

    def beyond(self, control: Inside) -> Estimate:
        """Difference to the control's, mean over blocks, paired by seed and image."""
        return paired_difference(self.mean_values, control.mean_values, self.mean_influence, control.mean_influence)

    def beyond_at(self, control: Inside, block: int) -> Estimate:
        """Difference to the control's in one block, paired by seed and image."""
        return paired_difference(
            self.values[:, block], control.values[:, block], self.influence[:, block], control.influence[:, block]
        )


def read(results: Results, model: str, variant: str) -> dict[str, Inside]:
    """A variant's similarity to the original by feature convention, for those that any seed has."""
    features, seeds = results.plan.features, results.plan.seeds
    wanted = ["layers", *(name for feature in features for name in _names(feature).values())]
    found = [results.similarity(model, variant, seed, wanted) or {} for seed in seeds]
    each = {feature: _gathered(found, _names(feature)) for feature in features}
    return {feature: inside for feature, inside in each.items() if inside is not None}


def _names(feature: str) -> dict[str, str]:
    return {key: f"{feature}.{ORIGINAL}.{key}" for key in ("value", "z", "influence")}


def _gathered(found: list[dict[str, np.ndarray]], names: dict[str, str]) -> Inside | None:
    """One convention's arrays of all seeds; a seed that lacks them, or has other blocks, stays NaN."""
    whole = [arrays for arrays in found if all(name in arrays for name in names.values())]
    if not whole:
        return None
    shape = whole[0][names["influence"]].shape
    values, influence = np.full((len(found), shape[0]), np.nan), np.full((len(found), *shape), np.nan)
    for place, arrays in enumerate(found):
        if names["influence"] in arrays and arrays[names["influence"]].shape == shape:
            values[place], influence[place] = from_atanh(arrays[names["z"]], arrays[names["influence"]])
    maps = [arrays[names["value"]] for arrays in whole]
    return Inside(
        blocks=tuple(str(name) for name in whole[0]["layers"]),
        values=values,
        influence=influence,
        map=np.mean(maps, axis=0) if len({each.shape for each in maps}) == 1 else None,
    )


def comparable(plan: PlanFile) -> list[str]:
    """The variants that are compared with the original."""
    return [variant.label for variant in plan.variants if variant.label != ORIGINAL]
