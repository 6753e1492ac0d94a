"""The head of the story: its finding as the title, and what was done and how sure that is in a few lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Literal

from bench.analysis import wording
from bench.analysis.cards import Card, cards, claim_of
from bench.analysis.choice import largest_payload
from bench.analysis.claims import Claim, nothing_to_lose
from bench.analysis.networks import title_of
from bench.analysis.reference import reference
from bench.analysis.study import Study
from bench.analysis.wording import decimal
from bench.render.kit.names import cut
from bench.render.kit.prose import Sentence, counted
from bench.render.story.cards import ratio
from bench.roles import ORIGINAL
from bench.task import with_unit

CLAIM_SEEDS = 12  # that headline claims take
SMALLER = 1.05  # times, below which "1.0×" would be printed
LONGEST_TITLE = 30  # letters of a network's name

# What can be said of a network's card, the most first. A title says no more than its card's word.
Kind = Literal["identical", "same", "higher", "open", "few", "alone", "lower", "nothing"]
KINDS: tuple[Kind, ...] = ("identical", "same", "higher", "open", "few", "alone", "lower", "nothing")


@dataclass(frozen=True)
class Finding:
    """What the title says of one network.

    Attributes:
        title: the network's, as people write it.
        times: how many times smaller the file is, as a number and as printed.
    """

    title: str
    kind: Kind
    times: float
    printed: str
    card: Card
    claim: Claim | None

    @property
    def lost(self) -> float:
        """How far its outcome is from the reference's, in printed units, without its sign."""
        return abs(self.claim.evidence.difference.value) if self.claim else float("nan")


def finding(study: Study) -> str:
    """The finding in one sentence without a full stop."""
    if not any(study.has_results(model) for model in study.models):
        return "No method has a result yet"
    findings = [best for model in study.models if (best := _of_network(study, model))]
    if not findings and all(cards(study)[model].original is None for model in study.models):
        return "No original has a result to compare with"
    if not findings:
        return f"No method makes {_title(study, study.models[0]) if len(study.models) == 1 else 'any network'} smaller"
    if len(study.models) == 1:
        return _clause(study, findings)
    return _of_several(study, findings)


def scope(study: Study) -> Sentence:
    """Networks, methods, seeds, test images, and whether the study is exploratory; then how sure its numbers are."""
    plan = study.plan
    exploratory = plan.exploratory or study.seeds < CLAIM_SEEDS
    images = plan.data.counts.get("test")
    parts = [
        counted(len(study.models), "network"),
        counted(len(plan.methods), "method"),
        counted(study.seeds, "seed"),
        *([counted(images, "test image")] if images else []),
        "exploratory" if exploratory else "not exploratory",
    ]
    return (f"{' · '.join(parts)}. {' '.join(certainty(study))}".rstrip(),)


def certainty(study: Study) -> Iterator[str]:
    """How sure the numbers are: what one test image is worth, and the whole uncertainty; one sentence each."""
    if study.seeds < CLAIM_SEEDS:
        yield f"We ask for {CLAIM_SEEDS} seeds before a claim."
    if worth := one_image(study):
        yield f"One test image is worth {worth}."
    model = next((model for model in study.models if study.level(model, ORIGINAL).n), None)
    if model is None:
        return
    whole, trainings = study.level(model, ORIGINAL), study.over_trainings(model, ORIGINAL)
    name, noun = _title(study, model), study.primary.noun
    halves = [study.primary.scale * (interval.high - interval.low) / 2 for interval in (whole, trainings)]
    if study.table(model, ORIGINAL) is None:
        if isfinite(halves[0]):
            yield f"The {noun} of {name} is {wording.level(study, model, ORIGINAL)}, for these test images alone."
    elif all(map(isfinite, halves)):
        alone = decimal(halves[1], study.primary.digits)
        yield f"The {noun} of {name} is {wording.level(study, model, ORIGINAL)}, for new trainings and new test images."
        yield f"New trainings alone vary it by ± {alone}."


def one_image(study: Study) -> str:
    """What one test image is worth, e.g. "0.17 points"; empty if the outcome is no share of images."""
    images = study.plan.data.counts.get("test")
    if not (images and study.plan.task.classifies and study.primary.highest == 1.0):
        return ""
    return with_unit(f"{study.primary.scale / images:.2g}", study.primary.unit)


def _title(study: Study, model: str) -> str:
    return cut(title_of(study, model), LONGEST_TITLE)


def _of_network(study: Study, model: str) -> Finding | None:
    """What can be said most of one of its cards; of equals that with the smallest file."""
    shown = [_finding(study, card) for card in cards(study)[model].shown]
    smaller = [finding for finding in shown if finding.times >= SMALLER]
    return min(smaller, key=_order, default=None)


def _order(finding: Finding) -> tuple[int, bool, float]:
    # Where no word is given, a file that is smaller at any loss is no finding: first comes the one whose validation
    # images show no loss beyond the margin.
    unsure = finding.kind in ("open", "few") and finding.card.role != "margin"
    return KINDS.index(finding.kind), unsure, -finding.times


def _finding(study: Study, card: Card) -> Finding:
    sizes = [largest_payload(study, card.model, label) for label in (ORIGINAL, card.label)]
    claim = claim_of(study, card)
    name = _title(study, card.model)
    times = sizes[0] / sizes[1] if sizes[1] > 0 else float("nan")
    return Finding(name, _kind(study, card, claim), times, ratio(study, card.model, card.label), card, claim)


def _kind(study: Study, card: Card, claim: Claim | None) -> Kind:
    if claim is not None and claim.identical:
        return "identical"
    if card.model in nothing_to_lose(study):
        return "nothing"
    if claim is None or claim.evidence.reference is None:
        return "alone"
    if claim.withheld:
        return "few"
    if claim.changed:
        return "lower" if claim.evidence.difference.value < 0 else "higher"
    return "same" if claim.within else "open"


def _of_several(study: Study, findings: Sequence[Finding]) -> str:
    """What holds of most can be said of, and for two networks what holds of the other."""
    best = min((finding.kind for finding in findings), key=KINDS.index)
    first = [finding for finding in findings if finding.kind == best]
    rest = [finding for finding in findings if finding.kind != best]
    if len(study.models) == 2 and len(rest) == 1:
        return f"{_clause(study, first)}; {_other(study, rest[0])}"
    return _clause(study, first)


def _shrink(study: Study, findings: Sequence[Finding]) -> str:
    """Which networks shrink, and how much, e.g. "3 of 6 networks shrink 3.9× to 21×"."""
    if len(findings) == 1 and len(study.models) <= 2:
        return f"{findings[0].title} shrinks {findings[0].printed}"
    if len(findings) == 2 == len(study.models):
        return f"{findings[0].title} shrinks {findings[0].printed} and {findings[1].title} {findings[1].printed}"
    ordered = [finding.printed for finding in sorted(findings, key=lambda finding: finding.times)]
    span = ordered[0] if ordered[0] == ordered[-1] else f"{ordered[0]} to {ordered[-1]}"
    of_all = "All" if len(findings) == len(study.models) else f"{len(findings)} of"
    shrink = "shrinks" if len(findings) == 1 else "shrink"
    return f"{of_all} {counted(len(study.models), 'network')} {shrink} {span}"


def _clause(study: Study, findings: Sequence[Finding]) -> str:
    """What holds of networks of one kind, with its verb."""
    kind, several, shrink = findings[0].kind, len(findings) > 1, _shrink(study, findings)
    margin, trainings = _margin(study), _trainings(study, findings)
    it, loses, gains = ("they", "lose", "gain") if several else ("it", "loses", "gains")
    sizes, to = _sizes(study, findings), _to(study, findings)
    if kind == "nothing":
        if several:
            return f"{len(findings)} networks have nothing to lose: they are not shown to beat chance"
        return f"{findings[0].title} has nothing to lose: it is not shown to beat chance"
    return {
        "identical": f"{shrink} with identical answers on all {_images(study)}",
        "same": f"{shrink}, {'each ' if several else ''}losing less than {margin}{to}",
        "higher": f"{shrink} and {gains} {sizes}{to}",
        "open": f"{shrink}; whether {it} {loses} {margin}{to} can't be told from {trainings}",
        "few": f"{shrink}; {_withheld(study, findings)}",
        "alone": f"{shrink}; nothing trained as long to compare {'them' if several else 'it'} with",
        "lower": f"{shrink} but {loses} {sizes}{to}",
    }[kind]


def _other(study: Study, one: Finding) -> str:
    """The second network's clause, where the first one's is of another kind."""
    at = f"{one.title} shrinks {one.printed}"
    return {
        "open": f"{at}, and whether it loses {_margin(study)} can't be told",
        "few": f"{at}; {_withheld(study, [one])}",
        "alone": f"{at}, and nothing trained as long",
        "nothing": f"{one.title} has nothing to lose",
    }.get(one.kind) or _clause(study, [one])


def _withheld(study: Study, findings: Sequence[Finding]) -> str:
    """That there are too few trainings for a word."""
    fewest = _fewest(study, findings)
    trainings, verb = counted(fewest, "training"), "is" if fewest == 1 else "are"
    if any(finding.card.role != "margin" for finding in findings):
        return f"{trainings} {verb} too few to judge {'their' if len(findings) > 1 else 'its'} loss"
    they = "they lose" if len(findings) > 1 else "it loses"
    return f"{trainings} cannot tell whether {they} {_margin(study)}{_to(study, findings)}"


def _to(study: Study, findings: Sequence[Finding]) -> str:
    """What a loss is to, if it is not to the original."""
    others = [reference(study, finding.card.model, finding.card.label) for finding in findings]
    kinds = {"original" if other.label == ORIGINAL else other.kind for other in others}
    if kinds == {"original"}:
        return ""
    return " against fine-tuning alone" if kinds == {"control"} else " against training as long"


def _sizes(study: Study, findings: Sequence[Finding]) -> str:
    """How much is lost or gained, e.g. "1.28 points"."""
    ordered = [decimal(lost, study.primary.digits) for lost in sorted(finding.lost for finding in findings)]
    span = ordered[0] if ordered[0] == ordered[-1] else f"{ordered[0]} to {ordered[-1]}"
    return in_unit(study, span)


def _margin(study: Study) -> str:
    return in_unit(study, f"{study.plan.margins.accuracy:g}")


def in_unit(study: Study, number: str) -> str:
    """A number with its unit, or with what it is of where it has none."""
    unit = study.primary.unit
    return with_unit(number, unit) if unit else f"{number} of {study.primary.noun}"


def _images(study: Study) -> str:
    images = study.plan.data.counts.get("test")
    return counted(images, "test image") if images else "test images"


def _trainings(study: Study, findings: Sequence[Finding]) -> str:
    """What verdicts rest on, e.g. "6 trainings and 599 images"; of the one that rests on the fewest."""
    images = study.plan.data.counts.get("test")
    crossed = f" and {counted(images, 'image')}" if images and study.crossed else ""
    return f"{counted(_fewest(study, findings), 'training')}{crossed}"


def _fewest(study: Study, findings: Sequence[Finding]) -> int:
    return min(finding.claim.verdict.n if finding.claim else study.seeds for finding in findings)
