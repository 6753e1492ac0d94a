"""Reliability: among answers of about the same confidence, how many are right, for the networks that are drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.analysis.looks import ends_and_middle
from bench.analysis.study import Study
from bench.diagnose.answers.reliability import Reliability, reliability
from bench.roles import CONTROL, ORIGINAL
from bench.runner.plan_file import PlannedVariant
from bench.statistics.estimate import Estimate
from bench.statistics.intervals import ratio_of_sums, seed_mean

FEWEST = 5  # answers of a seed, on the mean, for a bin to be drawn
INTERVALS = "Intervals: 95%; bins: delete-one-seed jackknife of the share of right answers; ECE: t over seeds."


@dataclass(frozen=True)
class Diagram:
    """One variant's reliability.

    Attributes:
        accuracy: one estimate per bin, of the answers of all seeds in it, 0 to 1.
        error: expected calibration error, 0 to 1.
    """

    variant: PlannedVariant
    bins: Reliability
    accuracy: tuple[Estimate, ...]
    error: Estimate

    @property
    def answers(self) -> np.ndarray:
        """(bins,) mean over seeds."""
        return self.bins.counts.mean(0)

    @property
    def confidence(self) -> np.ndarray:
        """(bins,) mean over all answers of all seeds; NaN for an empty bin."""
        counts = self.bins.counts
        with np.errstate(invalid="ignore"):
            return np.nansum(self.bins.confidence * counts, 0) / counts.sum(0)

    @property
    def drawn(self) -> np.ndarray:
        """Indices of the bins with enough answers."""
        return np.flatnonzero(self.answers >= FEWEST)


def diagrams(study: Study, model: str) -> list[Diagram]:
    """The original, the control, and the methods with the lowest, the middle and the highest calibration error."""
    errors = {v.label: study.mean("ece_difference", model, v.label).value for v in study.plan.methods}
    ordered = sorted((error, label) for label, error in errors.items() if np.isfinite(error))
    labels = [ORIGINAL, CONTROL, *ends_and_middle([label for _, label in ordered])]
    return [diagram for label in labels if (diagram := _diagram(study, model, label))]


def _diagram(study: Study, model: str, label: str) -> Diagram | None:
    answers = study.logits(model, label)
    if not answers:
        return None
    labels = next(iter(answers.values()))[1]
    bins = reliability(np.stack([logits for logits, _ in answers.values()]), labels)
    right = np.nan_to_num(bins.accuracy) * bins.counts
    accuracy = tuple(ratio_of_sums(*counts) for counts in zip(right.T, bins.counts.T))
    return Diagram(study.plan.variant(label), bins, accuracy, seed_mean(bins.error))
