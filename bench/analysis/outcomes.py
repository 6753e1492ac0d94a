"""The questions that words answer: how a compressed network differs from its reference, and what does not matter.

An outcome reads a study: nobody else needs to know in which cells, on which scale or against which reference it is
measured.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import isfinite

import numpy as np

from bench.analysis.reference import reference
from bench.analysis.study import Study
from bench.roles import ORIGINAL
from bench.statistics.crossed import Components, components, paired_table
from bench.statistics.estimate import Estimate


@dataclass(frozen=True)
class Outcome(ABC):
    """A question that is asked of every method.

    Attributes:
        key: e.g. `accuracy`.
        quantity: what is measured, before anything is taken off.
        title: head of a column.
        estimand: in words, for a caption.
        unit: of differences and of the margin.
        margin: differences below it do not matter.
        digits: after the decimal point.
        kind: of the cells that measure it, "compress" or "compare".
        directions: how a difference below 0 is called, and one above it.
    """

    key: str
    quantity: str
    title: str
    estimand: str
    unit: str
    margin: float
    digits: int
    kind: str
    directions: tuple[str, str]

    @abstractmethod
    def values(self, study: Study, model: str, variant: str) -> np.ndarray:
        """(S,) the quantity of a variant, in `unit`; NaN for a seed without a result."""

    @abstractmethod
    def reference_of(self, study: Study, model: str, variant: str) -> str | None:
        """The label of what a variant is compared with; None if there is nothing of its kind."""

    @abstractmethod
    def difference(self, study: Study, model: str, variant: str) -> Estimate | None:
        """Mean difference to the reference, paired by seed; None if the two cannot be compared."""

    def parts(self, study: Study, model: str, variant: str) -> Components | None:
        """What the difference varies by, in `unit`, where it is a mean over seeds and test images; else None."""
        return None

    def evidence(self, study: Study, model: str, variant: str) -> Evidence | None:
        """The difference with the seeds behind it; None if no seed has both networks."""
        difference = self.difference(study, model, variant)
        against = self.reference_of(study, model, variant)
        if difference is None or not difference.n or against is None:
            return None
        by_seed = self.values(study, model, variant) - self.values(study, model, against)
        parts = self.parts(study, model, variant)
        return Evidence(model, variant, self, difference, tuple(by_seed.tolist()), against, parts)


@dataclass(frozen=True)
class Evidence:
    """One outcome of one variant before anything is corrected.

    Attributes:
        difference: mean over seeds with its 95% interval.
        per_seed: the (S,) differences behind it, NaN for a seed without one.
        reference: label of what it is compared with; None if no network is of its kind, so that nothing was tested.
        parts: see `Outcome.parts`.
    """

    model: str
    variant: str
    outcome: Outcome
    difference: Estimate
    per_seed: tuple[float, ...]
    reference: str | None = ORIGINAL
    parts: Components | None = None

    @property
    def seeds(self) -> int:
        """Number of seeds that have the difference."""
        return sum(map(isfinite, self.per_seed))


@dataclass(frozen=True)
class PrimaryOutcome(Outcome):
    """The task's primary outcome, on the test images and of the packed file.

    Attributes:
        reference: label of what every variant is compared with; empty for each one's own reference.
    """

    reference: str = ""

    def values(self, study: Study, model: str, variant: str) -> np.ndarray:
        """(S,) in `unit`."""
        return study.primary.scale * study.per_seed(study.primary.test, model, variant)

    def reference_of(self, study: Study, model: str, variant: str) -> str | None:
        """What went through as much training as the variant, without being compressed."""
        return self.reference or reference(study, model, variant).label

    def difference(self, study: Study, model: str, variant: str) -> Estimate | None:
        """Mean difference over seeds and test images, crossed; over seeds alone if the task says nothing of images."""
        against = self.reference_of(study, model, variant)
        if against is None:
            return None
        return study.difference(study.primary.test, model, variant, against).scaled(study.primary.scale)

    def parts(self, study: Study, model: str, variant: str) -> Components | None:
        """Of the table of paired differences."""
        against = self.reference_of(study, model, variant)
        pair = study.tables(model, variant, against) if against else None
        return None if pair is None else components(study.primary.scale * paired_table(*pair))


def outcomes(study: Study) -> tuple[Outcome, ...]:
    """All questions that words answer by a difference, in the order of tables; for the inside see `sameness`."""
    return (primary(study),)


def primary(study: Study) -> PrimaryOutcome:
    """What compression costs: the task's primary outcome, less that of each variant's own reference."""
    return _primary(study, "accuracy", "reference", "that of its reference", "")


def primary_less_original(study: Study) -> PrimaryOutcome:
    """What a network lost on the whole: the task's primary outcome, less the original's; printed, and not judged."""
    return _primary(study, "accuracy-original", "original", "the original's", ORIGINAL)


def _primary(study: Study, key: str, short: str, long: str, label: str) -> PrimaryOutcome:
    task = study.primary
    return PrimaryOutcome(
        key=key, quantity=task.title, title=f"Change in {task.noun} from the {short}",
        estimand=f"{task.within} of the packed file less {long}",
        unit=task.unit, margin=study.plan.margins.accuracy, digits=task.digits, kind="compress",
        directions=("lower", "higher"), reference=label,
    )  # fmt: skip
