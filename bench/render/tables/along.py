"""Where each method's inside departs from the control's, how far, and which outcomes change with it."""

from __future__ import annotations

from bench.analysis import wording
from bench.analysis.answers import hurt
from bench.analysis.attributions import DIAGNOSTIC, TITLES, attributions
from bench.analysis.claims import claim_on
from bench.analysis.departures import BlockClaim, departures
from bench.analysis.looks import Looks
from bench.analysis.outcomes import Outcome, inside, primary
from bench.analysis.study import Study
from bench.render.kit.rows import NAMES, Network, networks, of_part
from bench.render.kit.table import DASH, Column, Datum, Gotten, Table, estimate, tabulate
from bench.render.text import captions
from bench.roles import CONTROL


def build(study: Study) -> Table | None:
    """The table; None if no inside was compared."""
    if not study.insides:
        return None
    looks = Looks(study, DIAGNOSTIC)
    method = next(iter(attributions(looks)), "") if looks else ""
    feature = study.plan.features[0]
    return tabulate(
        "along",
        "What goes along with the inside",
        captions.joined(
            f"Departs at: the first block (from the input, {feature} features) whose similarity to the original is "
            "below the fine-tuned control's, after Benjamini-Hochberg over methods and blocks of a model. Distance: 0 "
            "is the original, 1 is as different as training again. Verdicts: as in the table of verdicts.",
            "ECE and classes: less the control's, by seed." if study.plan.task.classifies else "",
            f"Explanations: {TITLES.get(method, method)}, (1 - Spearman) in units of another seed's." if method else "",
            captions.means(study),
            "Seed-eq.: jackknife over seeds.",
        ),
        (*_columns(study), *([_explanations(looks, method)] if method else [])),
        networks(study, study.plan.methods, "compare", otherwise=DASH),
    )


def _columns(study: Study) -> tuple[Column[Network], ...]:
    feature = study.plan.features[0]
    return (
        *NAMES,
        Column("departs", "Departs at", "text", "First block whose similarity is below the control's (BH).",
               of_part(lambda net: departures(study, net.model, net.label), _first)),
        Column("blocks", "Blocks", "number", "Blocks below the control's (BH).",
               of_part(lambda net: departures(study, net.model, net.label), len), "differ"),
        Column("distance", "Distance", "estimate", "(1 - CKA) in units of another seed's, mean over blocks.",
               lambda net: study.distance(net.model, net.label, feature), "seed-eq.", 2),
        Column("inside", "Inside", "verdict", "Mean over blocks, less the control's.",
               lambda net: _verdict(study, net, inside(study))),
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
