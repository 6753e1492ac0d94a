"""Reliability: among answers of about the same confidence, how many are right, for the networks that are drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import t

from bench.analysis.looks import ends_and_middle
from bench.analysis.study import Study
from bench.diagnose.answers.reliability import Reliability, reliability
from bench.roles import CONTROL, ORIGINAL
from bench.runner.plan_file import PlannedVariant
from bench.statistics.estimate import Estimate
from bench.statistics.intervals import seed_mean

FEWEST = 5  # answers of a seed, on the mean, for a bin to be drawn
INTERVALS = "Intervals: 95%; bins: delete-one-seed jackknife of the share of right answers; ECE: t over seeds."


@dataclass(frozen=True)
class Diagram:
    """One variant's reliability.

    Attributes:
        accuracy: one estimate a bin, of the answers of all seeds in it, 0 to 1; the jackknife leaves out one seed.
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
        """(bins,) mean over all answers of all seeds; NaN where there is none."""
        counts = self.bins.counts
        with np.errstate(invalid="ignore"):
            return np.nansum(self.bins.confidence * counts, 0) / counts.sum(0)

    @property
    def drawn(self) -> np.ndarray:
        """Indices of the bins with enough answers."""
        return np.flatnonzero(self.answers >= FEWEST)


def diagrams(study: Study, model: str) -> list[Diagram]:
    """Of the original, the control, and of the methods those with the lowest, the middle and the highest error."""
    errors = {v.label: study.mean("ece_difference", model, v.label).value for v in study.plan.methods}
    known = sorted((label for label in errors if np.isfinite(errors[label])), key=lambda label: (errors[label], label))
    found = (_diagram(study, model, label) for label in [ORIGINAL, CONTROL, *ends_and_middle(known)])
    return [each for each in found if each is not None]


def _diagram(study: Study, model: str, label: str) -> Diagram | None:
    own = study.results.logits(model, label)
    if not own:
        return None
    labels = next(iter(own.values()))[1]
    found = reliability(np.stack([logits for logits, _ in own.values()]), labels)
    right = np.nan_to_num(found.accuracy) * found.counts
    accuracy = tuple(_share(*each) for each in zip(right.T, found.counts.T))
    return Diagram(study.plan.variant(label), found, accuracy, seed_mean(found.error))


def _share(right: np.ndarray, answers: np.ndarray, confidence: float = 0.95) -> Estimate:
    """Right answers of all, (S,) of each seed: a ratio of sums, and its jackknife over the seeds that have answers."""
    kept = answers > 0
    right, answers = right[kept], answers[kept]
    n = len(answers)
    words = "delete-one-seed jackknife, t with S-1 df"
    if n == 0:
        return Estimate(np.nan, np.nan, np.nan, 0, "seed", words)
    value = float(right.sum() / answers.sum())
    if n == 1:
        return Estimate(value, np.nan, np.nan, 1, "seed", words)
    left_out = (right.sum() - right) / (answers.sum() - answers)
    error = float(np.sqrt((n - 1) / n * ((left_out - left_out.mean()) ** 2).sum()))
    half = error * float(t.ppf((1 + confidence) / 2, n - 1))
    return Estimate(value, max(value - half, 0.0), min(value + half, 1.0), n, "seed", words, confidence, error, n - 1)
