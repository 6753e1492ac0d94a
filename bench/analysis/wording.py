"""One vocabulary: how verdicts and numbers with units become words, on cards, in sentences and on figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import floor, inf, isfinite, log10

import numpy as np

from bench.analysis.choice import Choice, largest_payload
from bench.analysis.claims import Claim, to_tell
from bench.analysis.distances import own_margins
from bench.analysis.inside import CROSS_PROBE, yardstick
from bench.analysis.inside_family import InsideWord
from bench.analysis.networks import title_of
from bench.analysis.outcomes import Outcome
from bench.analysis.per_image import AnswerAgreement
from bench.analysis.results import HOLES
from bench.analysis.sameness import FARTHER, NEARER, InsideClaim, MeasureClaim
from bench.analysis.study import Study
from bench.statistics.equivalence import CANT_TELL, CHANGED, SAME
from bench.statistics.estimate import Estimate
from bench.task import with_unit

MINUS = "−"
MOST_SEEDS = 100  # beyond, the exact number is of no use
IDENTICAL_ANSWERS = "identical answers"
NOTHING_TO_LOSE = "nothing to lose"  # where there are no words


def word(claim: Claim) -> str:
    """The one word for a claim: identical answers, same, changed, can't tell; or that there is nothing to lose."""
    if claim.identical:
        return IDENTICAL_ANSWERS
    return NOTHING_TO_LOSE if claim.nothing_to_lose else claim.verdict.word


def direction(claim: Claim) -> str:
    """Where a difference is shown, its direction: "lower" or "higher", "farther" or "nearer"; else empty."""
    return claim.evidence.outcome.directions[claim.evidence.difference.value > 0] if claim.differs else ""


def verdict(claim: Claim) -> str:
    """A claim's word with its direction, e.g. "changed: lower"; a difference within the margin with its size."""
    towards = direction(claim)
    if not towards:
        return word(claim)
    if claim.changed:
        return f"{word(claim)}: {towards}"
    apart = with_unit(_shortest(abs(claim.evidence.difference.value)), claim.evidence.outcome.unit)
    return f"{word(claim)}: {apart} {towards}"


def short(claim: Claim) -> str:
    """A claim's word with its direction, where there is no room for a size."""
    return ": ".join(filter(None, (word(claim), direction(claim))))


def observed(agreement: AnswerAgreement) -> str:
    """On how many images the answers are the original's, and on how many new ones they may differ at most.

    E.g. "599 of 599 images in 6 seeds; at most 0.5% of new images".
    """
    seeds = f"{agreement.seeds} seed{'s' * (agreement.seeds != 1)}"
    share = _shortest(100 * agreement.bound)
    return f"{agreement.alike:,} of {agreement.images:,} images in {seeds}; at most {share}% of new images"


def why(claim: Claim) -> str:
    """What must be known of a claim's word, in one sentence or two; empty if nothing must."""
    return f"{claim.verdict.reason} {observed(claim.agreement)}." if claim.agreement else claim.verdict.reason


def counted_words(claims: Iterable[Claim]) -> str:
    """How many claims have each word, e.g. "same for 1 of 44, changed for 40, can't tell for 3"."""
    judged = list(claims)
    counts: list[str] = []
    for each in (IDENTICAL_ANSWERS, SAME, CHANGED, CANT_TELL, NOTHING_TO_LOSE):
        alike = [claim for claim in judged if word(claim) == each]
        if not alike and each in (IDENTICAL_ANSWERS, NOTHING_TO_LOSE):
            continue
        counts.append(f"{each} for {len(alike)}{'' if counts else f' of {len(judged)}'}")
    return ", ".join(counts)


def power(claims: Iterable[Claim]) -> str:
    """The power of showing "same", were there no difference, e.g. "0.03" or "0.03 to 0.40"; empty if unknown."""
    powers = sorted(claim.power for claim in claims if claim.power == claim.power)
    return _range(powers, "{:.2f}".format) if powers else ""


def _shortest(value: float) -> str:
    """A number above 0 by its first two digits, without zeros behind.

    >>> _shortest(0.2), _shortest(0.2143), _shortest(0.0031), _shortest(12.4)
    ('0.2', '0.21', '0.0031', '12')
    """
    digits = max(1 - floor(log10(value)), 0) if value > 0 else 0
    text = decimal(value, digits)
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True)
class InsideWords:
    """How one claim on the inside is said.

    Attributes:
        badge: on a card.
        predicate: after "its inside", before "for" and the methods.
        clause: after ", and".
    """

    badge: str
    predicate: str
    clause: str


MIXED = "whether its inside has changed depends on the model"
IDENTICAL_INSIDE = "identical inside"
TRAINED_ANEW = "trained anew"  # described, without a word
NOT_COMPARED = InsideWords("inside not compared", "was not compared", "its inside was not compared")
_INSIDE = {
    IDENTICAL_INSIDE: ("is identical", "its inside is identical to the original's"),
    SAME: ("is the same", "its inside is the same"),
    NEARER: (
        "is the same, and nearer to the original than after fine-tuning alone",
        "its inside is the same, and nearer to the original than fine-tuning alone leaves it",
    ),
    FARTHER: (
        "is the same, though farther from the original than after fine-tuning alone",
        "its inside is the same, though farther from the original than fine-tuning alone leaves it",
    ),
    CHANGED: ("has changed", "its inside has changed"),
    CANT_TELL: ("can't be told", "whether its inside has changed can't be told"),
    NOTHING_TO_LOSE: ("has nothing to lose", "it has nothing to lose"),
    TRAINED_ANEW: ("is another training's", "its inside is another training's"),
}


def inside_words(claim: InsideClaim | None) -> InsideWords:
    """How the claim on an inside is said; one that is the same may be nearer to the original than its control."""
    if claim is None:
        return NOT_COMPARED
    badge = IDENTICAL_INSIDE if claim.identical else f"inside {inside_word(claim)}"
    bare = bare_inside_word(claim)
    return InsideWords(badge, *_INSIDE[claim.direction if bare == SAME and claim.direction else bare])


def bare_inside_word(claim: InsideClaim | InsideWord) -> str:
    """The one word for an inside: identical inside, same, changed, can't tell; or why there is none."""
    if claim.identical:
        return IDENTICAL_INSIDE
    if claim.nothing_to_lose:
        return NOTHING_TO_LOSE
    return claim.word or TRAINED_ANEW


def inside_word(claim: InsideClaim) -> str:
    """The word for an inside with its direction, e.g. "changed: farther", where there is room for a word or two."""
    return directed(bare_inside_word(claim), claim.direction)


def counted_insides(claims: Iterable[InsideClaim]) -> str:
    """How many insides have each word, e.g. "same for 12 of 44, changed for 30, can't tell for 2"."""
    judged = list(claims)
    counts: list[str] = []
    for each in (IDENTICAL_INSIDE, SAME, CHANGED, CANT_TELL, NOTHING_TO_LOSE, TRAINED_ANEW):
        alike = sum(bare_inside_word(claim) == each for claim in judged)
        if alike or each in (SAME, CHANGED, CANT_TELL):
            counts.append(f"{each} for {alike}{'' if counts else f' of {len(judged)}'}")
    return ", ".join(counts)


def measure_title(study: Study, name: str) -> str:
    """A measure as printed."""
    return yardstick(study.plan, name).title


def measure_word(claim: MeasureClaim) -> str:
    """What one measure says of an inside; empty where it gives no word."""
    if claim.identical:
        return IDENTICAL_INSIDE
    return directed(claim.word, claim.direction) if claim.word else ""


def directed(bare: str, direction: str) -> str:
    """A word with its direction; none beside a word that tells nothing."""
    return f"{bare}: {direction}" if direction and bare in (SAME, CHANGED) else bare


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


def file_size(study: Study, model: str, label: str) -> str:
    """The payload of a network's files: the largest where seeds differ, e.g. "up to 14.0 kB"."""
    largest, mean = size(largest_payload(study, model, label)), size(study.payload(model, label))
    return largest if largest == mean else f"up to {largest}"


def budget(payload: float) -> str:
    """Bytes in units of 1,000, exactly: files may miss a budget by a few.

    >>> budget(30_020), budget(30_000)
    ('30.02 kB', '30 kB')
    """
    return f"{payload / 1e3:,.3f}".rstrip("0").rstrip(".") + " kB"


def level(study: Study, model: str, variant: str) -> str:
    """A network's primary outcome with half its interval, e.g. "91.23% ± 0.45"."""
    return level_in_words(study, study.level(model, variant))


def level_in_words(study: Study, estimate: Estimate) -> str:
    """An estimate of the primary outcome, unscaled, as `level` prints it."""
    primary = study.primary
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
    """Both margins, e.g. "±0.5 points of accuracy, 0.1 seed-equivalents of the inside"."""
    sizes, primary = study.plan.margins, study.primary
    return f"{with_unit(f'±{sizes.accuracy:g}', primary.unit)} of {primary.noun}, {inside_margin(study)} of the inside"


def inside_margin(study: Study) -> str:
    """What does not matter of the inside, e.g. "0.1 seed-equivalents"."""
    return f"{study.plan.margins.inside:g} seed-equivalents"


def own_inside_margins(study: Study) -> str:
    """The inside's margin in each measure's own unit, a sentence per network; empty if nothing was compared."""
    by_model = {
        model: ", ".join(
            f"{yardstick(study.plan, name).title.partition(' (')[0]} {decimal(size, 3)}"
            for name, size in own_margins(study, model).items()
            if name != CROSS_PROBE
        )
        for model in study.models
    }
    return " ".join(f"On {title_of(study, model)}: {sizes}." for model, sizes in by_model.items() if sizes)


def loss_that_matters(study: Study) -> str:
    """The margin of the primary outcome as a loss, e.g. "0.5 points"."""
    return with_unit(f"{study.plan.margins.accuracy:g}", study.primary.unit)


def chosen(study: Study, *choices: Choice | None) -> str:
    """How methods were chosen, and how often other images would choose another: a sentence; empty without a choice.

    E.g. "Chosen on 144 validation images: others like them would choose another in 38% of draws."
    """
    made = [choice for choice in choices if choice and choice.among > 1]
    if not made:
        return ""
    if any(choice.by == "test" for choice in made):
        among = max(choice.among for choice in made)
        how = "Highest" if any(choice.highest for choice in made) else "The smallest"
        return f"{how} of {among} on test images, as validation images are missing: its interval holds for all {among}."
    images = study.plan.data.counts.get("validation")
    number = f"{images:,} " if images else ""
    if not all(isfinite(choice.changes) for choice in made):
        return f"Chosen on {number}validation images."
    shares = list(dict.fromkeys(f"{100 * choice.changes:.0f}%" for choice in made))
    often = " and ".join(shares)
    return f"Chosen on {number}validation images. With other such images the choice would change in {often} of draws."


def holes(study: Study) -> str:
    """How many cells lack a result and why, e.g. "1 failed, 2 missing"; empty if all are done."""
    counts = {state: study.results.count(state) for state in HOLES}
    return ", ".join(f"{count} {state}" for state, count in counts.items() if count)


def would_tell(claims: Iterable[Claim]) -> str:
    """What would show "same", were there no difference: a sentence or two; empty if unknown or if it is there.

    From the claim with the smallest spread to that with the largest, e.g. "If there were no difference, 9 to 14 seeds
    would tell." Where test images are what is scarce: "For 3, no number of seeds would: these need 4,000 test images."
    """
    needed = to_tell(claims)
    of_images = [need for need in needed if need.seeds is None and (need.images or need.images_at_least)]
    seeds = sorted(need.seeds or inf for need in needed if need not in of_images)
    images = sorted(need.images or need.images_at_least or 0 for need in of_images)
    if not needed:
        return ""
    if not images:
        return f"If there were no difference, {_range(seeds, _few)} seeds would tell."
    # With as many seeds as there are, no number of images may be enough, as where words are withheld.
    beside = "" if all(need.images for need in of_images) else " and more seeds"
    need = f"{_range(images, '{:,}'.format)} test images{beside}"
    if not seeds:
        return f"If there were no difference, no number of seeds would tell: it takes {need}."
    needs = "these need" if len(images) > 1 else "it needs"
    return (
        f"If there were no difference, {_range(seeds, _few)} seeds would tell. For {len(images)}, no number of seeds "
        f"would: {needs} {need}."
    )


def _few(seeds: float) -> str:
    return f"more than {MOST_SEEDS}" if seeds > MOST_SEEDS else f"{seeds:g}"


def _range(ordered: Sequence[float], show: Callable[[float], str]) -> str:
    few, many = show(ordered[0]), show(ordered[-1])
    return few if few == many else f"{few} to {many}"
