"""The co-primary questions: by how much a compressed network differs from its reference, and what does not matter.

An outcome reads a study: nobody else needs to know in which cells, on which scale or against which reference it is
measured.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import isfinite

import numpy as np

from bench.analysis.inside import Inside
from bench.analysis.study import Study
from bench.roles import CONTROL, ORIGINAL
from bench.statistics.estimate import Estimate
from bench.statistics.intervals import paired_difference


@dataclass(frozen=True)
class Outcome(ABC):
    """A question that is asked of every method.

    Attributes:
        key: e.g. `accuracy`, `accuracy-control`, `inside-pooled`.
        quantity: what is measured, before anything is taken off.
        title: head of a column.
        estimand: in words, for a caption.
        unit: of differences and of the margin.
        margin: differences below it do not matter.
        digits: after the decimal point.
        reference: label of what every method is compared with.
        kind: of the cells that measure it, "compress" or "compare".
    """

    key: str
    quantity: str
    title: str
    estimand: str
    unit: str
    margin: float
    digits: int
    reference: str
    kind: str

    @abstractmethod
    def values(self, study: Study, model: str, variant: str) -> np.ndarray:
        """(S,) the quantity of a variant, in `unit`; NaN for a seed without a result."""

    @abstractmethod
    def difference(self, study: Study, model: str, variant: str) -> Estimate | None:
        """Mean difference to the reference, paired by seed; None if the two cannot be compared."""

    def evidence(self, study: Study, model: str, variant: str) -> Evidence | None:
        """The difference with the seeds behind it; None if no seed has both networks."""
        difference = self.difference(study, model, variant)
        if difference is None or not difference.n:
            return None
        by_seed = self.values(study, model, variant) - self.values(study, model, self.reference)
        return Evidence(model, variant, self, difference, tuple(by_seed.tolist()))


@dataclass(frozen=True)
class Evidence:
    """One outcome of one variant before anything is corrected.

    Attributes:
        difference: mean over seeds with its 95% interval.
        per_seed: the (S,) differences behind it, NaN for a seed without one.
    """

    model: str
    variant: str
    outcome: Outcome
    difference: Estimate
    per_seed: tuple[float, ...]

    @property
    def seeds(self) -> int:
        """Number of seeds that have the difference."""
        return sum(map(isfinite, self.per_seed))


class PrimaryOutcome(Outcome):
    """The task's primary outcome, on the test images and of the packed file."""

    def values(self, study: Study, model: str, variant: str) -> np.ndarray:
        """(S,) in `unit`."""
        return study.primary.scale * study.per_seed(study.primary.test, model, variant)

    def difference(self, study: Study, model: str, variant: str) -> Estimate:
        """Mean difference over seeds, with the t interval."""
        return paired_difference(self.values(study, model, variant), self.values(study, model, self.reference))


@dataclass(frozen=True)
class InsideOutcome(Outcome):
    """Similarity of the inside to the original's, mean over blocks, by one feature convention."""

    feature: str

    def values(self, study: Study, model: str, variant: str) -> np.ndarray:
        """(S,) mean CKA over the blocks."""
        compared = self._inside(study, model, variant)
        return np.full(study.seeds, np.nan) if compared is None else compared.mean_values

    def difference(self, study: Study, model: str, variant: str) -> Estimate | None:
        """Mean difference over seeds, with the variance over seeds and probe images."""
        compared, reference = (self._inside(study, model, label) for label in (variant, self.reference))
        # Influences are paired image by image: networks that were compared on other probe images, or in other blocks,
        # have no difference.
        if compared is None or reference is None or compared.influence.shape != reference.influence.shape:
            return None
        return compared.beyond(reference)

    def _inside(self, study: Study, model: str, variant: str) -> Inside | None:
        return study.insides.get((model, variant, self.feature))


def outcomes(study: Study) -> tuple[Outcome, ...]:
    """All co-primary questions of a profile, in the order of tables."""
    return (primary(study), primary_beyond_control(study), *(_inside(study, name) for name in study.plan.features))


def primary(study: Study) -> Outcome:
    """What compression costs: the task's primary outcome, less the original's."""
    return _primary(study, "accuracy", "original", "original's", ORIGINAL)


def primary_beyond_control(study: Study) -> Outcome:
    """What compression costs beyond fine-tuning: the task's primary outcome, less the control's."""
    return _primary(study, "accuracy-control", "control", "fine-tuned control's", CONTROL)


def inside(study: Study) -> Outcome:
    """Whether the inside changed beyond fine-tuning: similarity less the control's, by the first feature convention."""
    return _inside(study, study.plan.features[0])


def _primary(study: Study, key: str, short: str, long: str, reference: str) -> PrimaryOutcome:
    task = study.primary
    return PrimaryOutcome(
        key=key, quantity=task.title, title=f"{task.title}, less {short}",
        estimand=f"{task.within} of the packed file less the {long}",
        unit=task.unit, margin=study.plan.margins.accuracy, digits=task.digits, reference=reference, kind="compress",
    )  # fmt: skip


def _inside(study: Study, feature: str) -> InsideOutcome:
    return InsideOutcome(
        key=f"inside-{feature}", quantity=f"CKA ({feature})", title=f"CKA, less control ({feature})",
        estimand=f"debiased linear CKA to the original ({feature} features, mean over blocks) less the fine-tuned "
        "control's",
        unit="CKA", margin=study.plan.margins.cka, digits=4, reference=CONTROL, kind="compare", feature=feature,
    )  # fmt: skip
