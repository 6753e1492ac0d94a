"""What the audits of a report share: the truth of a comparison, and whether an interval holds it."""

from __future__ import annotations

from collections.abc import Iterator

from bench.calibrate.invention import InventedMethod, Invention
from bench.calibrate.scenario import Outcome
from bench.roles import ORIGINAL
from bench.statistics.equivalence import CHANGED, SAME
from bench.statistics.estimate import Estimate

ROUNDING = 1e-9

Found = Iterator[tuple[str, Outcome]]


def reference_of(truth: Invention, method: InventedMethod) -> InventedMethod:
    """What a method is compared with, with its truth."""
    return truth.control if method.finetunes else InventedMethod(ORIGINAL, truth.original)


def is_word(word: str | None) -> bool:
    """Whether something was shown."""
    return word in (SAME, CHANGED)


def covers(estimate: Estimate, truth: float) -> bool:
    """Whether an interval holds the truth; none holds nothing."""
    return bool(estimate.low <= truth + ROUNDING and truth - ROUNDING <= estimate.high)
