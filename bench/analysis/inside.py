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
        values: (S, L), NaN for a seed without a result.
        influence: (S, L, n) of each probe image on each value, on the value's own scale.
        map: (L, L) mean over seeds, rows the original's blocks, columns this variant's; None if seeds differ in shape.
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
        """(S, n) influence on the mean over the blocks, which is the mean of the influences."""
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
        (values, influence), (others, other_influence) = (
            (inside.values[:, block], inside.influence[:, block]) for inside in (self, control)
        )
        return paired_difference(values, others, influence, other_influence)


def read(results: Results, model: str, variant: str) -> dict[str, Inside]:
    """A variant's similarity to the original by feature convention; conventions that no seed has are left out."""
    keys = ("value", "z", "influence")
    names = {feature: [f"{feature}.{ORIGINAL}.{key}" for key in keys] for feature in results.plan.features}
    wanted = ["layers", *(name for of_feature in names.values() for name in of_feature)]
    seeds = [results.similarity(model, variant, seed, wanted) or {} for seed in results.plan.seeds]
    gathered = {feature: _gathered(seeds, *of_feature) for feature, of_feature in names.items()}
    return {feature: inside for feature, inside in gathered.items() if inside is not None}


def _gathered(seeds: list[dict[str, np.ndarray]], value: str, z: str, influence: str) -> Inside | None:
    """One convention's arrays of all seeds; a seed that lacks them, or has other blocks, stays NaN."""
    complete = [arrays for arrays in seeds if {value, z, influence} <= arrays.keys()]
    if not complete:
        return None
    shape = complete[0][influence].shape
    values, influences = np.full((len(seeds), shape[0]), np.nan), np.full((len(seeds), *shape), np.nan)
    for index, arrays in enumerate(seeds):
        # Cells keep the jackknife's influence on z = atanh(CKA). Means over blocks and seeds are of CKA itself, so
        # value and influence go back to its own scale: dCKA = (1 - CKA²) dz, the delta method.
        if influence in arrays and arrays[influence].shape == shape:
            values[index], influences[index] = from_atanh(arrays[z], arrays[influence])
    maps = [arrays[value] for arrays in complete]
    return Inside(
        blocks=tuple(str(name) for name in complete[0]["layers"]),
        values=values,
        influence=influences,
        map=np.mean(maps, axis=0) if len({layers.shape for layers in maps}) == 1 else None,
    )


def comparable(plan: PlanFile) -> list[str]:
    """The variants that are compared with the original."""
    return [variant.label for variant in plan.variants if variant.label != ORIGINAL]
