"""Is the inside of a compressed network still the original's? Words by measure, and one for each network.

*A network* is *same* if all measures of the profile's `inside` are (an intersection-union test: each at alpha),
*changed* if any is after Holm over them, else it cannot be told. What a measure's word stands on is in
`inside_tests`. The family (see `inside_family`) is one network's compressed variants without controls; same and changed
are two families, each with Holm's correction. A measure's word is read at the level that Holm tests its network at, so
that words of measures and networks never contradict one another. Insides whose activations agree bit for bit are an
observation outside the family, and networks that were trained from initial weights have their distance described
without a word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isfinite, nan
from typing import Any

from bench.analysis.distances import Distance, ProbeLoss
from bench.analysis.inside import CROSS_PROBE, yardstick
from bench.analysis.inside_family import Draft, corrected, word_of
from bench.analysis.inside_tests import POINTS, Tested, loss_interval
from bench.analysis.reference import Reference
from bench.analysis.study import Study, judgement
from bench.statistics.arrays import joined
from bench.statistics.equivalence import CANT_TELL, CHANGED, SAME, Word
from bench.statistics.estimate import Estimate
from bench.statistics.multiplicity import Corrected

NEARER, FARTHER = "nearer", "farther"
NOT_COMPARED = "Its reference was not compared with the original on the same blocks and images."


@dataclass(frozen=True)
class MeasureClaim:
    """What one measure says of one network.

    Attributes:
        measure, title: its name, and as printed.
        unit: "seed-equivalents" or "points", of all numbers but `own_margin`.
        decides: whether it is one of the profile's `inside`.
        distance: from the original, with its 95% interval; of the cross-probe in the block that decides.
        low, high: the interval that decides, of the distance beyond the reference; `confidence` is its level. NaN where
            none decides, since no word is given or all are withheld.
        margin: what does not matter.
        own_margin: the same in the measure's own unit.
        word: None if no word is given.
        direction: "nearer" or "farther" than the reference where that is shown, else empty.
        reason: one sentence where nothing can be told or the word needs care.
        block: the cross-probe's block that decides.
        identical: see `InsideClaim`; then this measure has no word of its own.
    """

    measure: str
    title: str
    unit: str
    decides: bool
    distance: Estimate
    tested: Tested
    low: float
    high: float
    confidence: float
    margin: float
    own_margin: float
    word: Word | None
    direction: str = ""
    reason: str = ""
    block: str = ""
    identical: bool = False


@dataclass(frozen=True)
class InsideClaim:
    """What is claimed of one network's inside.

    Attributes:
        word: None if the network was trained anew or nothing could be compared.
        identical: whether every activation of every seed equals the original's, bit for bit: an observation.
        direction: "nearer" or "farther" than the reference where a deciding measure shows it, else empty.
        reason: one sentence where nothing can be told or no word is given.
        reference: what the distance is beyond of.
        measures: by name.
        nothing_to_lose: why there are no words: the original is not shown to beat chance; else empty.
        p_same, p_changed: after Holm over `family`; NaN for a network outside it.
        family: what was corrected for, in words for a caption; empty for a network outside it.
        size: networks in the family.
    """

    model: str
    variant: str
    feature: str
    word: Word | None
    identical: bool
    direction: str
    reason: str
    reference: Reference
    measures: Mapping[str, MeasureClaim]
    p_same: float
    p_changed: float
    family: str
    size: int
    seeds: int
    nothing_to_lose: str = ""

    @property
    def same(self) -> bool:
        """Whether it is shown to be within the margin, or identical."""
        return self.identical or self.word == SAME

    @property
    def within(self) -> bool:
        """Whether that was tested and not observed."""
        return not self.identical and self.word == SAME

    @property
    def changed(self) -> bool:
        """Whether it is shown to be beyond the margin."""
        return not self.identical and self.word == CHANGED

    @property
    def undecided(self) -> bool:
        """Whether neither is shown."""
        return self.word == CANT_TELL and not (self.identical or self.nothing_to_lose)


@judgement
def inside_claims(study: Study) -> dict[tuple[str, str], InsideClaim]:
    """By (model, variant), of the compressed variants that were compared, by the first convention of features."""
    return {(model, claim.variant): claim for model in study.models for claim in _of_model(study, model)}


def inside_claim(study: Study, model: str, variant: str) -> InsideClaim | None:
    """What is claimed of one network's inside; None if it was not compared."""
    return inside_claims(study).get((model, variant))


def insides_of(study: Study, *models: str) -> list[InsideClaim]:
    """The claims in the order of models and methods; of all models unless some are named."""
    return [claim for claim in inside_claims(study).values() if claim.model in (models or study.models)]


def _of_model(study: Study, model: str) -> list[InsideClaim]:
    return [_claim(study, model, *each) for each in corrected(study, model)]


def _claim(
    study: Study, model: str, draft: Draft, p: tuple[float, float], levels: tuple[float, float], family: Corrected
) -> InsideClaim:
    deciding, word = study.plan.similarity.inside, word_of(study, draft, p)
    measures = {name: _measure_claim(study, name, one, draft, levels) for name, one in draft.found.items()}
    reason = draft.excluded
    if not reason and word == CANT_TELL:
        lacking = [
            f"{yardstick(study.plan, name).title} was not measured." for name in deciding if name not in draft.found
        ]
        open_ = [claim for name in deciding if (claim := measures.get(name)) and claim.word != SAME]
        reason = joined(*lacking, *(f"{claim.title}: {claim.reason}" for claim in open_ if claim.reason))
        reason = reason or "Neither is shown of all the measures that decide, after correction."
    directions = {claim.direction for name, claim in measures.items() if name in deciding} - {""}
    return InsideClaim(
        model=model,
        variant=draft.variant,
        feature=study.plan.features[0],
        word=word,
        identical=draft.identical,
        direction=FARTHER if word == CHANGED else directions.pop() if len(directions) == 1 else "",
        reason="" if draft.identical else reason,
        reference=draft.reference,
        measures=measures,
        p_same=p[0],
        p_changed=p[1],
        family="" if draft.excluded or draft.identical else family.caption,
        size=family.size,
        seeds=draft.seeds,
        nothing_to_lose=draft.lost,
    )


def _measure_claim(
    study: Study, name: str, one: Distance | ProbeLoss, draft: Draft, levels: tuple[float, float]
) -> MeasureClaim:
    tested, deciding = draft.tested[name], study.plan.similarity.inside
    of_same, of_changed = levels[0], levels[1] / max(len(deciding), 1)
    same, changed = tested.p_same <= of_same, tested.p_changed <= of_changed
    word: Word | None = SAME if same else CHANGED if changed else CANT_TELL
    # The interval is that of the test which decides; where neither does, it is wide enough for both.
    tail = of_same if same else of_changed / 2 if changed else min(of_same, of_changed / 2)
    if draft.excluded:
        word = None if draft.reference.kind == "retrained" or draft.nothing_to_lose else CANT_TELL
    if draft.identical:
        word = None
    # Every rounding is farther from the original than 0, so that a direction is said beside a control alone.
    shown = draft.reference.kind == "control" and tested.p_farther <= of_changed and not draft.excluded
    direction = (NEARER if tested.beyond < 0 else FARTHER) if shown else ""
    numbers = _on_scale(study, one, tail) if isinstance(one, Distance) else _in_points(study, one, tested, word, tail)
    # Nor does the mean over blocks decide where something else stands in the way, such as a single block beyond it.
    if draft.excluded or (isinstance(one, Distance) and word == CANT_TELL and tested.against):
        numbers |= {"low": nan, "high": nan}
    why_none = NOT_COMPARED if one.beyond is None else ""
    # Too few images to show a small loss say nothing of a loss that is shown.
    against = "" if word == CHANGED and name == CROSS_PROBE else tested.against
    return MeasureClaim(
        measure=name,
        title=yardstick(study.plan, name).title,
        unit="points" if name == CROSS_PROBE else "seed-equivalents",
        decides=name in deciding,
        tested=tested,
        confidence=1 - 2 * tail if isfinite(numbers["low"]) else nan,
        word=word,
        direction=FARTHER if word == CHANGED else direction,
        reason=one.note if draft.identical else joined(draft.excluded or against or why_none, one.note),
        identical=draft.identical,
        **numbers,
    )


def _on_scale(study: Study, one: Distance, tail: float) -> dict[str, Any]:
    margin = study.plan.margins.inside
    decided = one.beyond.ratio(margin, 1 - 2 * tail) if one.beyond else None
    return {
        "distance": nonnegative(one.overall.ratio(margin)),
        "low": decided.low if decided else nan,
        "high": decided.high if decided else nan,
        "margin": margin,
        "own_margin": margin * one.overall.unit,
    }


def nonnegative(estimate: Estimate) -> Estimate:
    """A distance whose interval ends at 0: nothing is nearer to the original than itself."""
    return replace(estimate, low=max(estimate.low, 0.0)) if estimate.low < 0.0 <= estimate.high else estimate


def _in_points(study: Study, one: ProbeLoss, tested: Tested, word: Word | None, tail: float) -> dict[str, Any]:
    """In the block that decides; the loss that Holm tested over the blocks has its level too."""
    margin, name = study.plan.margins.accuracy, tested.worst if word == CHANGED else tested.block
    block = one.blocks.index(name) if name else len(one.blocks) - 1
    low = high = nan
    if one.beyond is not None and name:
        share = tail / len(one.blocks) if word == CHANGED else tail
        low, high = (
            POINTS * end
            for end in loss_interval(one.beyond[block], margin / POINTS, int(one.changed[block]), one.images, share)
        )
    return {
        "distance": in_points(one.at[block]), "low": low, "high": high, "margin": margin, "own_margin": margin,
        "block": one.blocks[block],
    }  # fmt: skip


def in_points(lost: Estimate) -> Estimate:
    """A share as percentage points."""
    value, low, high, error = (POINTS * x for x in (lost.value, lost.low, lost.high, lost.standard_error))
    return replace(lost, value=value, low=low, high=high, standard_error=error)
