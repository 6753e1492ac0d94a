"""What one diagnostic measured of every variant: by seed, with its arrays and notes if they are asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from bench.analysis.study import Study
from bench.roles import COMPRESSED, OTHER_SEED, REFERENCES
from bench.runner.plan_file import PlannedVariant
from bench.statistics.estimate import Estimate
from bench.statistics.intervals import paired_difference, seed_mean
from bench.statistics.seed_equivalents import seed_equivalents

BYPASSED = "-bypassed"  # behind a role: feature maps' quantisers were by-passed


def ends_and_middle(ordered: Sequence[str]) -> list[str]:
    """The first, the middle and the last, or as many as there are.

    >>> ends_and_middle("abcde"), ends_and_middle("ab"), ends_and_middle("")
    (['a', 'c', 'e'], ['a', 'b'], [])
    """
    return [ordered[index] for index in sorted({0, len(ordered) // 2, len(ordered) - 1})] if ordered else []


@dataclass(frozen=True)
class Looks:
    """One diagnostic's cells of a profile; false if none is done."""

    study: Study
    diagnostic: str

    @property
    def _cells(self) -> list[dict[str, Any]]:
        return self.study.results.diagnosed_with(self.diagnostic)

    def __bool__(self) -> bool:
        return bool(self._cells)

    @property
    def settings(self) -> dict[str, Any]:
        """What it ran with."""
        look = self.study.plan.diagnostics.get(self.diagnostic)
        return look.settings if look else {}

    @property
    def images(self) -> int:
        """Number of probe images that its values are means over."""
        asked, probe = self.settings.get("images", 0), self.study.plan.data.counts.get("probe", 0)
        return min(asked, probe) if probe else asked

    @property
    def variants(self) -> list[PlannedVariant]:
        """The variants that it looks into, and the references, which are seen beside them."""
        look = self.study.plan.diagnostics.get(self.diagnostic)
        asked = look.variants if look else None
        # controls that the plan added are there for accuracy and similarity, and no diagnostic looks into them
        seen = [variant for variant in self.study.plan.variants if not variant.added]
        return [v for v in seen if v.label in REFERENCES or asked is None or v.label in asked]

    def sight(self, model: str, variant: str, seed: int) -> tuple[dict[str, Any], str] | None:
        """The finished cell in which a variant is best seen, and its role there; None if there is none."""
        cells = [cell for cell in self._cells if (cell["model"], cell["seed"]) == (model, seed)]
        # Every cell holds the references beside its compressed network. In another variant's cell a reference has its
        # own role; in a cell of its own it stands for a compressed network, and another training's units are compared
        # there by index although they have to be matched first.
        if variant in REFERENCES:
            for cell in cells:
                if cell["variant"] != variant:
                    return cell, variant
        return next(((cell, COMPRESSED) for cell in cells if cell["variant"] == variant), None)

    def per_seed(self, metric: str, model: str, variant: str, *, suffix: str = "") -> np.ndarray:
        """(S,) a metric of a variant in the plan's order of seeds, NaN for a seed without it.

        Args:
            metric: without its role, such as "grad-cam.spearman".
            suffix: of the role, such as `BYPASSED`.
        """
        sights = (self.sight(model, variant, seed) for seed in self.study.plan.seeds)
        values = [sight[0].get(f"{metric}.{sight[1]}{suffix}") if sight else None for sight in sights]
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64)

    def mean(self, metric: str, model: str, variant: str, *, suffix: str = "") -> Estimate:
        """A metric's mean over seeds."""
        return seed_mean(self.per_seed(metric, model, variant, suffix=suffix))

    def difference(self, metric: str, model: str, variant: str, reference: str, *, suffix: str = "") -> Estimate:
        """Mean over seeds of a metric less the reference's, paired by seed."""
        values = self.per_seed(metric, model, variant, suffix=suffix)
        return paired_difference(values, self.per_seed(metric, model, reference))

    def distance(self, metric: str, model: str, variant: str, *, suffix: str = "") -> Estimate:
        """An agreement with the original (at most 1) in seed-equivalents."""
        values = self.per_seed(metric, model, variant, suffix=suffix)
        return seed_equivalents(values, self.per_seed(metric, model, OTHER_SEED))

    def has(self, metric: str) -> bool:
        """Whether any variant has the metric."""
        return any(
            name.startswith(f"{metric}.") and isinstance(value, int | float) and isfinite(value)
            for cell in self._cells
            for name, value in cell.items()
        )

    def arrays(self, model: str, variant: str, seed: int) -> tuple[Mapping[str, np.ndarray], str]:
        """The arrays of the cell in which a variant is best seen, and its role there; both empty if there is none."""
        sight = self.sight(model, variant, seed)
        return (self.study.results.arrays(sight[0]["key"]), sight[1]) if sight else ({}, "")

    def first_seed(self, model: str) -> int | None:
        """The first seed with a finished cell."""
        finished = {cell["seed"] for cell in self._cells if cell["model"] == model}
        return next((seed for seed in self.study.plan.seeds if seed in finished), None)

    def hole(self, model: str, variant: str) -> str:
        """Why a variant was not looked into: the worst state among its cells; empty if all are done."""
        return self.study.results.hole("diagnose", model, variant, self.diagnostic)

    def notes(self) -> Iterator[tuple[str, int, str, str]]:
        """(model, seed, variant, sentence) of all that could not be done."""
        for cell in self._cells:
            notes = self.study.results.store.read(cell["key"], ["notes.json"])["notes.json"]
            for note in json.loads(notes):
                yield cell["model"], cell["seed"], cell["variant"], str(note)

    def drawn(self, metric: str, model: str) -> list[PlannedVariant]:
        """The networks to show if there is no room for all: references, and the first, middle and last method.

        Methods are in order of how far the metric is from 1, the nearest first; in the plan's if `metric` is empty.
        """
        plan = self.study.plan
        labels = [variant.label for variant in plan.variants]
        if metric:
            far = {label: abs(1 - self.mean(metric, model, label).value) for label in labels}
        else:
            seen = [label for label in labels if any(self.sight(model, label, seed) for seed in plan.seeds)]
            far = {label: float(position) for position, label in enumerate(seen)}
        ranked = [label for _, label in sorted((far[label], label) for label in far if isfinite(far[label]))]
        methods = [label for label in ranked if label not in REFERENCES]
        references = [label for label in REFERENCES if label in ranked]
        return [plan.variant(label) for label in (*references[:2], *ends_and_middle(methods), *references[2:])]
