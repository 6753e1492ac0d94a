"""The answer cards as printed: the same strings on the page and in its data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Any

from bench.analysis import wording
from bench.analysis.cards import Card, claim_of
from bench.analysis.choice import largest_payload
from bench.analysis.claims import Claim
from bench.analysis.inside import CROSS_PROBE, first_scaled
from bench.analysis.reference import reference
from bench.analysis.sameness import InsideClaim, MeasureClaim, inside_claim
from bench.analysis.study import Study
from bench.analysis.wording import decimal
from bench.render.kit.names import compact, short
from bench.render.kit.prose import counted, named, spelled
from bench.roles import ORIGINAL
from bench.statistics.estimate import Estimate
from bench.task import with_unit

NAMED = 22  # words of the names in one sentence
NO_REFERENCE = "No control trained as long, so that no word is given."


def printed(study: Study, card: Card | None) -> dict[str, Any] | None:
    """A card's strings; None for no card."""
    if card is None:
        return None
    model, label = card.model, card.label
    variant, claim = study.plan.variant(label), claim_of(study, card)
    judged = _judged(study, card, claim)
    return {
        "role": card.role,
        "method": label,
        "title": variant.title,
        "family": variant.family,
        "difference": points(study, judged.difference.value),
        "interval": judged.interval,
        "confidence": judged.confidence,
        "word": wording.verdict(claim) if claim else wording.CANT_TELL,
        "against": against(study, model, label),
        "level": level(study, model, label),
        "original": level(study, model, ORIGINAL),
        "size": wording.file_size(study, model, label),
        "ratio": ratio(study, model, label),
        "ties": ties(study, card),
        "tied": list(card.ties),
        "inside": inside(study, model, label),
        "note": " ".join(_notes(study, card, claim)),
    }


@dataclass(frozen=True)
class _Judged:
    """The difference that a card prints, in printed units, and its interval in words."""

    difference: Estimate
    interval: str
    confidence: str


def _judged(study: Study, card: Card, claim: Claim | None) -> _Judged:
    """What the claim stands on; less the original where no claim can be made, with its plain interval."""
    if claim is None or not claim.evidence.difference.n:
        less = study.difference(study.primary.test, card.model, card.label, ORIGINAL).scaled(study.primary.scale)
        return _Judged(less, _ends(study, less.low, less.high), _plain(less))
    difference, verdict = claim.evidence.difference, claim.verdict
    # The interval that decides is at the level that the correction asks for. Where none decides, the plain one is
    # drawn, and said to be it.
    if not isfinite(verdict.low):
        return _Judged(difference, _ends(study, difference.low, difference.high), _plain(difference))
    share = f"{100 * verdict.confidence:.4g}%"
    over = f", corrected for {counted(claim.size, 'method')}" if claim.size > 1 else ""
    return _Judged(difference, _ends(study, verdict.low, verdict.high), f"{share} interval{over}")


def _plain(estimate: Estimate) -> str:
    return f"{100 * estimate.confidence:g}% interval; no test was made" if isfinite(estimate.low) else ""


def _ends(study: Study, low: float, high: float) -> str:
    if not (isfinite(low) and isfinite(high)):
        return ""
    digits = study.primary.digits
    return f"[{decimal(low, digits, signed=True)}, {decimal(high, digits, signed=True)}]"


def points(study: Study, value: float) -> str:
    """A difference in printed units, e.g. "−0.17 points"; empty if there is none."""
    primary = study.primary
    return with_unit(decimal(value, primary.digits, signed=True), primary.unit) if isfinite(value) else ""


def level(study: Study, model: str, label: str) -> str:
    """A network's level on the test images, e.g. "98.50%"."""
    primary, value = study.primary, study.level(model, label).value
    return with_unit(decimal(primary.scale * value, primary.digits), primary.level_unit) if isfinite(value) else ""


def ratio(study: Study, model: str, label: str) -> str:
    """How many times the original a file is smaller, e.g. "3.9×" or "21×"; empty if unknown."""
    original, size = (largest_payload(study, model, name) for name in (ORIGINAL, label))
    if not (isfinite(original) and size > 0):
        return ""
    times = original / size
    return f"{decimal(times, 0 if times >= 9.95 else 1)}×"


def against(study: Study, model: str, label: str) -> str:
    """What the difference is to, in few words."""
    other = reference(study, model, label)
    if other.label in (None, ORIGINAL):
        return "the original"
    what = "a dense network trained as long" if other.kind == "retrained" else "the original, fine-tuned as long"
    reached = level(study, model, other.label)
    return f"{what} ({reached})" if reached else what


def ties(study: Study, card: Card) -> str:
    """Which others may be just as good, by name; a sentence or two."""
    names = compact(study.plan)
    count = len(card.ties)
    if not card.rivals:
        return "No other method fits." if card.role == "budget" else "No other method is as small."
    if card.silent == "seeds":
        return f"{_too_few(card.seeds)} to test it against {counted(card.rivals, 'other')}."
    if card.silent == "chance":
        return "With nothing to lose, no two methods can be told apart."
    others = f" other{'s' * (card.untested != 1)}" if card.untested == card.rivals else ""
    untested = f" {spelled(card.untested)}{others} had too few seeds to be tested." if card.untested else ""
    if not count:
        beaten = card.rivals - card.untested
        if not beaten:
            return untested.strip()
        return f"{spelled(beaten)} other{'s are' if beaten != 1 else ' is'} shown to be beaten.{untested}"
    others = f"{spelled(count)} other{'s' * (count > 1)}"
    some = named([names[label] for label in card.ties], words=NAMED)
    return f"{others} may be just as good{f': {some}' if some else ''}.{untested}"


def _too_few(seeds: int) -> str:
    return f"{counted(seeds, 'seed')} {'is' if seeds == 1 else 'are'} too few"


def inside(study: Study, model: str, label: str) -> dict[str, str]:
    """What became of the features: the word, and what it stands on."""
    claim = inside_claim(study, model, label)
    if claim is None:
        return {"word": "not compared", "text": "Its features were not compared with the original's."}
    return {"word": wording.inside_word(claim), "text": " ".join(_measured(study, claim))}


def _measured(study: Study, claim: InsideClaim) -> Iterator[str]:
    """What the deciding measures say, a sentence each."""
    if claim.identical:
        yield "Every activation equals the original's, bit for bit."
        return
    found = [claim.measures[name] for name in study.plan.similarity.inside if name in claim.measures]
    far = [one for one in found if one.measure != CROSS_PROBE and isfinite(one.distance.value)]
    if not far:
        yield "No measure has a distance for it."
    for one in far:
        times = f"{decimal(one.distance.value, 2)} times"
        first = one.measure == first_scaled(study.plan)
        moved = "its features moved {} as far as a new training moves them" if first else "they moved {} as far"
        yield f"By {short(one.title)}, {moved.format(times)}."
    yield from (_probe(one) for one in found if one.measure == CROSS_PROBE and isfinite(one.distance.value))


def _probe(one: MeasureClaim) -> str:
    lost = one.distance.value
    where = f"In block {one.block}, which decides, a probe on them"
    if not any(digit in decimal(lost, 2) for digit in "123456789"):
        return f"{where} loses nothing."
    return f"{where} {'loses' if lost > 0 else 'gains'} {decimal(abs(lost), 2)} points."


def _notes(study: Study, card: Card, claim: Claim | None) -> Iterator[str]:
    """What must be known of the choice and of the word, a sentence each."""
    choice = card.choice
    if card.missed:
        yield f"{compact(study.plan)[card.missed]} would be chosen, but its file fits in some seeds only."
    if claim is not None and claim.agreement:
        yield f"{wording.observed(claim.agreement)}."
    elif claim is not None and claim.evidence.reference is None:
        yield NO_REFERENCE
    elif claim is not None and claim.withheld:
        yield f"{_too_few(claim.verdict.n)} for a word."
    if choice.among < 2:
        return
    if choice.by == "test":
        yield "Chosen on test images, as validation images are missing: its result is likely too good."
    else:
        yield wording.chosen(study, choice)
