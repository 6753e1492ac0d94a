"""How activations are spread from block to block: dead channels, zeros and effective dimension."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.analysis.looks import Looks
from bench.analysis.study import Study
from bench.runner.plan_file import PlannedVariant
from bench.statistics.estimate import Estimate
from bench.statistics.intervals import seed_mean

DIAGNOSTIC = "activation-statistics"


@dataclass(frozen=True)
class Curve:
    """One variant's activations by depth, means over seeds, shares in percent.

    Attributes:
        measures: by "dead", "zeros" and "dimension" one estimate per block.
    """

    variant: PlannedVariant
    blocks: tuple[str, ...]
    measures: dict[str, list[Estimate]]


def curves(study: Study, model: str) -> list[Curve]:
    """One curve per variant that any seed has."""
    looks = Looks(study, DIAGNOSTIC)
    measured = (_curve(looks, model, variant) for variant in looks.variants)
    return [curve for curve in measured if curve is not None]


def _curve(looks: Looks, model: str, variant: PlannedVariant) -> Curve | None:
    blocks: tuple[str, ...] = ()
    by_seed: dict[str, list[np.ndarray]] = {"dead": [], "zeros": [], "dimension": []}
    for seed in looks.study.plan.seeds:
        arrays, role = looks.arrays(model, variant.label, seed)
        if f"dead.{role}" not in arrays:
            continue
        blocks = tuple(map(str, arrays["layers"]))
        by_seed["dead"].append(arrays[f"dead.{role}"])
        by_seed["zeros"].append(arrays[f"zeros.{role}"])
        # The participation ratio counts directions; only as a share of the channels do blocks of other widths compare.
        by_seed["dimension"].append(arrays[f"dimension.{role}"] / arrays[f"width.{role}"])
    if not blocks:
        return None
    measures = {
        name: [seed_mean(100 * block) for block in np.array(seeds, np.float64).T] for name, seeds in by_seed.items()
    }
    return Curve(variant, blocks, measures)
