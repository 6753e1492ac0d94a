"""Where each method's inside departs from its reference's, how far, and which outcomes change with it."""

from __future__ import annotations

from bench.analysis import wording
from bench.analysis.answers import hurt
from bench.analysis.attributions import DIAGNOSTIC, TITLES, attributions
from bench.analysis.claims import claim_on
from bench.analysis.departures import BlockClaim, departures
from bench.analysis.distances import compared
from bench.analysis.inside import first_scaled
from bench.analysis.looks import Looks
from bench.analysis.outcomes import Outcome, primary
from bench.analysis.sameness import inside_claim
from bench.analysis.study import Study
from bench.analysis.wording import measure_title
from bench.render.kit.prose import listed
from bench.render.kit.rows import NAMES, Network, networks, of_part
from bench.render.kit.table import DASH, Column, Datum, Gotten, Table, estimate, tabulate
from bench.render.text import captions
from bench.roles import CONTROL


def build(study: Study) -> Table | None:
    """The table; None if no inside was compared."""
    if not compared(study):
        return None
    looks = Looks(study, DIAGNOSTIC)
    method = next(iter(attributions(looks)), "") if looks else ""
    feature, first = study.plan.features[0], first_scaled(study.plan)
    return tabulate(
        "along",
        "What goes along with the inside",
        f"What goes along with a changed inside, method by method: "
        f"{listed([study.primary.noun, *_others(study, method)])}.",
        (*_columns(study), *([_explanations(looks, method)] if method else [])),
        networks(study, study.plan.methods, "compare", otherwise=DASH),
        details=captions.joined(
            f"Departs at: the first block from the input that is shown to be beyond the margin by "
            f"{measure_title(study, first)}, with {feature} features. Benjamini-Hochberg over the methods and blocks "
            "of a network. Distance: 0 is the original, 1 is as far as another training.",
            "ECE and classes: against the control, by seed." if study.plan.task.classifies else "",
            f"Explanations: {TITLES.get(method, method)}, (1 − Spearman) in units of another seed's." if method else "",
        ),
    )


def _others(study: Study, attribution: str) -> list[str]:
    """What the table shows beside the primary outcome."""
    if study.plan.task.classifies:
        return ["calibration", "classes", *(["explanations"] if attribution else [])]
    return ["explanations"] if attribution else []


def _columns(study: Study) -> tuple[Column[Network], ...]:
    return (
        *NAMES,
        Column("departs", "Departs at", "text", "First block shown to be beyond the margin (BH).",
               of_part(lambda net: departures(study, net.model, net.label), _first)),
        Column("blocks", "Blocks", "number", "Blocks shown to be beyond the margin (BH).",
               of_part(lambda net: departures(study, net.model, net.label), len), "differ"),
        Column("distance", "Distance", "estimate", "From the original, in units of another seed's, mean over blocks.",
               lambda net: _distance(study, net), "seed-eq.", 2, ends=True),
        Column("inside", "Inside", "verdict", "All measures that decide together.", lambda net: _inside(study, net)),
        Column("accuracy", study.primary.capital, "verdict", "Less that of its reference.",
               lambda net: _verdict(study, net, primary(study))),
        *(_answers(study) if study.plan.task.classifies else ()),
    )  # fmt: skip


def _answers(study: Study) -> tuple[Column[Network], ...]:
    """What only a network that classifies has."""
    return (
        Column("ece", "ECE", "estimate", "Expected calibration error, less the control's.",
               lambda net: net.difference("ece_difference", CONTROL), "points", 1, signed=True, scale=100),
        Column("classes", "Classes", "number", "Classes whose recall differs from the control's (BH).",
               lambda net: _changed(study, net), "differ"),
    )  # fmt: skip


def _explanations(looks: Looks, attribution: str) -> Column[Network]:
    """In seed-equivalents; nothing to say of a method that was not to be looked into."""
    labels = {variant.label for variant in looks.variants}

    def distance(net: Network) -> Gotten:
        if net.label not in labels:
            return Datum()
        units = looks.distance(f"{attribution}.spearman", net.model, net.label)
        return estimate(units, hole=looks.hole(net.model, net.label) or "none")

    return Column("explanations", "Explanations", "estimate", "Distance of attributions.", distance, "seed-eq.", 2)


def _first(departed: list[BlockClaim]) -> str:
    first = min(departed, key=lambda claim: claim.depth, default=None)
    return f"{first.block} ({first.depth + 1})" if first else "none shown"


def _distance(study: Study, net: Network) -> Gotten:
    claim = inside_claim(study, net.model, net.label)
    measured = claim.measures.get(first_scaled(study.plan)) if claim else None
    return estimate(measured.distance, hole=DASH) if measured else None


def _inside(study: Study, net: Network) -> Datum:
    claim = inside_claim(study, net.model, net.label)
    if claim is None:
        return Datum(hole=study.hole(net.model, net.label, "compare") or DASH)
    return Datum(wording.inside_word(claim) or None, hole=DASH, note=claim.reason)


def _verdict(study: Study, net: Network, outcome: Outcome) -> str | Datum:
    claim = claim_on(study, net.model, net.label, outcome)
    hole = study.hole(net.model, net.label, outcome.kind)
    return wording.verdict(claim) if claim else Datum(hole=hole or DASH)


def _changed(study: Study, net: Network) -> Datum | int | None:
    losses = next((losses for losses in hurt(study) if (losses.model, losses.variant) == (net.model, net.label)), None)
    if losses is None:
        return None
    # With too few seeds for any test a dash: 0 would say that no class changed.
    return losses.changed if losses.tested else Datum(hole=DASH)
