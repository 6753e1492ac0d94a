"""One vocabulary: how verdicts and numbers with units become words, on cards, in sentences and on figures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from bench.analysis.claims import Claim, seeds_to_tell
from bench.analysis.outcomes import Outcome
from bench.analysis.results import HOLES
from bench.analysis.study import Study
from bench.statistics.equivalence import CANT_TELL, CHANGED, SAME
from bench.statistics.estimate import Estimate
from bench.task import with_unit

MINUS = "−"
MOST_SEEDS = 100  # beyond, the exact number is of no use


@dataclass(frozen=True)
class InsideWords:
    """How one verdict on the inside is said.

    Attributes:
        badge: on a card.
        predicate: after "its inside", before "for" and the methods.
        clause: after ", and".
    """

    badge: str
    predicate: str
    clause: str


INSIDE_SAME = InsideWords(
    "inside same",
    "is the same as after fine-tuning alone",
    "its inside is the same as after fine-tuning alone",
)
INSIDE_FARTHER = InsideWords(
    "inside changed: farther",
    "has changed, farther from the original than after fine-tuning",
    "its inside has changed",
)
INSIDE_NEARER = InsideWords(
    "inside changed: nearer",
    "has changed, nearer to the original than after fine-tuning",
    "its inside has changed, nearer to the original than fine-tuning alone leaves it",
)
INSIDE_CANT_TELL = InsideWords("inside: can't tell", "can't be told", "whether its inside has changed can't be told")
MIXED = "whether its inside has changed depends on the model"
_OF_VERDICT = {SAME: INSIDE_SAME, CHANGED: INSIDE_FARTHER, CANT_TELL: INSIDE_CANT_TELL}


def inside_words(claim: Claim | None) -> InsideWords:
    """How the verdict on an inside is said; a network may also end nearer to the original than the control."""
    if claim is None:
        return INSIDE_CANT_TELL
    if claim.verdict.word == CHANGED and claim.evidence.difference.value > 0:
        return INSIDE_NEARER
    return _OF_VERDICT[claim.verdict.word]


def decimal(value: float, digits: int, *, signed: bool = False) -> str:
    """A number with a true minus sign and thousands set apart.

    >>> decimal(-1234.5, 1), decimal(0.25, 2, signed=True), decimal(-0.0001, 2)
    ('−1,234.5', '+0.25', '0.00')
    """
    text = f"{abs(value):,.{digits}f}"
    if not any(digit in text for digit in "123456789"):
        return text
    return (MINUS if value < 0 else "+" if signed else "") + text


def kilobytes(budget: float) -> str:
    """A budget as the user wrote it, in units of 1,000 bytes.

    >>> kilobytes(12345.5)
    '12,345.5 kB'
    """
    return f"{budget:,.10g} kB"


def size(payload: float) -> str:
    """Bytes in units of 1,000.

    >>> size(81_234)
    '81.2 kB'
    """
    return f"{decimal(payload / 1e3, 1)} kB"


def level(study: Study, model: str, variant: str) -> str:
    """A network's primary outcome with half its interval, e.g. "91.23% ± 0.45"."""
    primary, estimate = study.primary, study.level(model, variant)
    if not estimate.n:
        return "no result"
    value, half = (primary.scale * number for number in (estimate.value, (estimate.high - estimate.low) / 2))
    spread = f" ± {decimal(half, primary.digits)}" if np.isfinite(half) else ""
    return f"{with_unit(decimal(value, primary.digits), primary.level_unit)}{spread}"


def signed(estimate: Estimate, digits: int, *, scale: float = 1.0, unit: str = "") -> str:
    """A difference with its unit and its interval, if it has one, e.g. "+0.012 [−0.003, +0.027]"."""
    value, low, high = (
        decimal(scale * number, digits, signed=True) for number in (estimate.value, estimate.low, estimate.high)
    )
    ends = f" [{low}, {high}]" if np.isfinite([estimate.low, estimate.high]).all() else ""
    return f"{value}{unit}{ends}"


def margin(outcome: Outcome) -> str:
    """What does not matter, e.g. "±0.5 points"."""
    return with_unit(f"±{outcome.margin:g}", outcome.unit)


def margins(study: Study) -> str:
    """Both margins, e.g. "±0.5 points of accuracy, ±0.02 of CKA"."""
    sizes, primary = study.plan.margins, study.primary
    return f"{with_unit(f'±{sizes.accuracy:g}', primary.unit)} of {primary.noun}, ±{sizes.cka:g} of CKA"


def loss_that_matters(study: Study) -> str:
    """The margin of the primary outcome as a loss, e.g. "0.5 points"."""
    return with_unit(f"{study.plan.margins.accuracy:g}", study.primary.unit)


def holes(study: Study) -> str:
    """How many cells lack a result and why, e.g. "1 failed, 2 missing"; empty if all are done."""
    counts = {state: study.results.count(state) for state in HOLES}
    return ", ".join(f"{count} {state}" for state, count in counts.items() if count)


def seeds_that_would_tell(claims: Iterable[Claim]) -> str:
    """How many seeds would show equivalence, were there no difference, e.g. "9 to 14 seeds"; empty if unknown.

    From the claim with the smallest spread to that with the largest; see `seeds_to_tell`.
    """
    needed = seeds_to_tell(claims)
    if not needed:
        return ""
    few, many = (f"more than {MOST_SEEDS}" if n > MOST_SEEDS else f"{n:g}" for n in (needed[0], needed[-1]))
    return f"{few} seeds" if few == many else f"{few} to {many} seeds"
