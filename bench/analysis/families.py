"""The families of tests behind a report: what each is over, how it is corrected, and how likely any word is false."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite

from bench.analysis.answers import hurt
from bench.analysis.budget import leading
from bench.analysis.claims import claims_on, losses
from bench.analysis.departures import blocks
from bench.analysis.inside import yardstick
from bench.analysis.outcomes import outcomes, primary_less_original
from bench.analysis.sameness import insides_of
from bench.analysis.study import Study, judgement
from bench.statistics.tests import smallest_attainable_p

HOLM, BH = "Holm", "Benjamini-Hochberg"


@dataclass(frozen=True)
class FamilyOfTests:
    """Tests that are corrected together.

    Attributes:
        model: the network.
        what: is tested.
        question: "difference" or "equivalence".
        size: tests in it.
        alpha: of the family: the chance of any false rejection under Holm, their expected share otherwise.
        words: whether words of the report rest on it.
        least: the smallest p of the sign flip with the profile's seeds, once corrected.
    """

    model: str
    what: str
    question: str
    size: int
    correction: str
    alpha: float
    words: bool
    least: float


@judgement
def families(study: Study) -> tuple[FamilyOfTests, ...]:
    """Every family with a test in it, network after network."""
    return tuple(family for model in study.models for family in _of_model(study, model) if family.size)


def overall_rate(study: Study) -> float:
    """What the probability of any false word in the report is at most, by the union bound over its families."""
    return min(1.0, study.plan.alpha * sum(family.words for family in families(study)))


def _of_model(study: Study, model: str) -> Iterator[FamilyOfTests]:
    alpha, floor = study.plan.alpha, smallest_attainable_p(study.seeds)

    def family(what: str, question: str, size: int, correction: str, words: bool = False) -> FamilyOfTests:
        # Benjamini and Hochberg multiply the smallest p by the size too, unless others are as small.
        return FamilyOfTests(model, what, question, size, correction, alpha, words, min(1.0, floor * size))

    for outcome in outcomes(study):
        tested = [claim for claim in claims_on(study, outcome, model) if claim.tested]
        words = not all(claim.withheld for claim in tested)
        size = max((claim.size for claim in tested), default=0)
        for question in ("difference", "equivalence"):
            yield family(outcome.title, question, size, HOLM, words)
    compared = [loss.size for (name, _), loss in losses(study).items() if name == model]
    yield family(primary_less_original(study).title, "difference", max(compared, default=0), BH)
    judged = [claim for claim in insides_of(study, model) if claim.family]
    for question in ("difference", "equivalence"):
        yield family("the inside", question, max((claim.size for claim in judged), default=0), HOLM, True)
    of_blocks = Counter(
        (block.feature, block.measure)
        for block in blocks(study)
        if block.model == model and isfinite(block.p_corrected)
    )
    for (feature, measure), size in of_blocks.items():
        yield family(f"{yardstick(study.plan, measure).title} of single blocks ({feature})", "difference", size, BH)
    classes = [each.classes.corrected.size for each in hurt(study) if each.model == model]
    yield family("recall of single classes, each method", "difference", max(classes, default=0), BH)
    others = [p for p in leading(study)[model].p.values() if isfinite(p)]
    yield family("leading set, each method", "difference", max(len(others) - 1, 0), HOLM)
