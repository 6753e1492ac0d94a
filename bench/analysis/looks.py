"""What one diagnostic found in every variant: by seed, and its arrays and notes where they are asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.analysis.study import Study
from bench.roles import OTHER_SEED, REFERENCES
from bench.runner.plan_file import PlannedVariant
from bench.statistics.estimate import Estimate
from bench.statistics.intervals import paired_difference, seed_mean
from bench.statistics.seed_equivalents import seed_equivalents

COMPRESSED, BYPASSED = "compressed", "-bypassed"


def ends_and_middle(ordered: Sequence[str]) -> list[str]:
    """The first, the middle and the last, or as many as there are.

    >>> ends_and_middle("abcde"), ends_and_middle("ab"), ends_and_middle("")
    (['a', 'c', 'e'], ['a', 'b'], [])
    """
    return [ordered[place] for place in sorted({0, len(ordered) // 2, len(ordered) - 1})] if ordered else []


@dataclass(frozen=True)
class Sight:
    """Where a variant was seen: a finished cell, and the role that the variant had there."""

    key: str
    role: str
    metrics: dict[str, Any]


@dataclass(frozen=True)
class Looks:
    """One diagnostic's cells of a profile."""

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
        """Those that it was to look into, and the references, which are seen beside them."""
        look = self.study.plan.diagnostics.get(self.diagnostic)
        asked = look.variants if look else None
        return [v for v in self.study.plan.variants if v.label in REFERENCES or asked is None or v.label in asked]

    def sight(self, model: str, variant: str, seed: int) -> Sight | None:
        """Where a variant is best seen; None where no cell of that seed is done.

        A reference is best seen in another variant's cell, where it has its own role: units of another training are
        matched there, and compared by index where it stands for a compressed network.
        """
        own = [cell for cell in self._cells if cell["model"] == model and cell["seed"] == seed]
        if variant in REFERENCES:
            for cell in own:
                if cell["variant"] != variant:
                    return Sight(cell["key"], variant, cell)
        return next((Sight(cell["key"], COMPRESSED, cell) for cell in own if cell["variant"] == variant), None)

    def per_seed(self, metric: str, model: str, variant: str, *, suffix: str = "") -> np.ndarray:
        """(S,) a metric of a variant in the plan's order of seeds, NaN where there is none.

        Args:
            metric: without its role, such as "grad-cam.spearman".
            suffix: of the role, such as `BYPASSED`.
        """
        sights = (self.sight(model, variant, seed) for seed in self.study.plan.seeds)
        found = (sight.metrics.get(f"{metric}.{sight.role}{suffix}") if sight else None for sight in sights)
        return np.array([np.nan if value is None else value for value in found], dtype=np.float64)

    def mean(self, metric: str, model: str, variant: str, *, suffix: str = "") -> Estimate:
        """A metric's mean over seeds."""
        return seed_mean(self.per_seed(metric, model, variant, suffix=suffix))

    def difference(self, metric: str, model: str, variant: str, reference: str, *, suffix: str = "") -> Estimate:
        """Mean over seeds of a metric less the reference's, paired by seed."""
        ours = self.per_seed(metric, model, variant, suffix=suffix)
        return paired_difference(ours, self.per_seed(metric, model, reference))

    def distance(self, metric: str, model: str, variant: str, *, suffix: str = "") -> Estimate:
        """An agreement with the original (at most 1) in seed-equivalents."""
        ours = self.per_seed(metric, model, variant, suffix=suffix)
        return seed_equivalents(ours, self.per_seed(metric, model, OTHER_SEED))

    def has(self, metric: str) -> bool:
        """Whether any variant has the metric."""
        return any(
            name.startswith(f"{metric}.") and isinstance(value, int | float) and value == value
            for cell in self._cells
            for name, value in cell.items()
        )

    def arrays(self, model: str, variant: str, seed: int) -> tuple[Mapping[str, np.ndarray], str]:
        """The arrays of the cell where a variant is best seen, and its role there; none where it was not seen."""
        sight = self.sight(model, variant, seed)
        return (self.study.results.arrays(sight.key), sight.role) if sight else ({}, "")

    def first_seed(self, model: str) -> int | None:
        """The first seed with a finished cell."""
        there = {cell["seed"] for cell in self._cells if cell["model"] == model}
        return next((seed for seed in self.study.plan.seeds if seed in there), None)

    def hole(self, model: str, variant: str) -> str:
        """Why a variant was not looked into: the worst state among its cells; empty where all are done."""
        return self.study.results.hole("diagnose", model, variant, self.diagnostic)

    def notes(self) -> Iterator[tuple[str, int, str, str]]:
        """(model, seed, variant, sentence) of all that could not be done."""
        for cell in self._cells:
            notes = self.study.results.store.read(cell["key"], ["notes.json"])["notes.json"]
            for note in json.loads(notes):
                yield cell["model"], cell["seed"], cell["variant"], str(note)

    def drawn(self, metric: str, model: str) -> list[PlannedVariant]:
        """Who is shown where there is no room for all: references, and of the methods the extremes and the middle.

        Methods are in order of how far the metric is from 1, the nearest first.
        """
        far = {v.label: abs(1 - self.mean(metric, model, v.label).value) for v in self.study.plan.methods}
        known = sorted((label for label in far if far[label] == far[label]), key=lambda label: (far[label], label))
        return self._beside([label for label in REFERENCES if self.mean(metric, model, label).n], known)

    def shown(self, model: str) -> list[PlannedVariant]:
        """Who is shown where no number orders the methods: references, and the first, middle and last method."""
        seen = {
            v.label for v in self.study.plan.variants for s in self.study.plan.seeds if self.sight(model, v.label, s)
        }
        methods = [v.label for v in self.study.plan.methods if v.label in seen]
        return self._beside([label for label in REFERENCES if label in seen], methods)

    def _beside(self, references: list[str], methods: list[str]) -> list[PlannedVariant]:
        labels = [*references[:2], *ends_and_middle(methods), *references[2:]]
        return [v for label in labels for v in self.study.plan.variants if v.label == label]
