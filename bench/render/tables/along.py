"""Where each method's inside departs from the control's, how far it goes, and what goes along with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.analysis.answers import hurt
from bench.analysis.attributions import DIAGNOSTIC, TITLES, attributions
from bench.analysis.claims import claim_on
from bench.analysis.departures import BlockClaim, departures
from bench.analysis.looks import Looks
from bench.analysis.outcomes import Outcome, inside, primary
from bench.analysis.study import Study
from bench.render.kit.rows import NAMES, by_model
from bench.render.kit.table import Column, Datum, Table, estimate
from bench.render.text import captions
from bench.roles import CONTROL
from bench.runner.plan_file import PlannedVariant

INSIDE = (
    Column("departs", "Departs at", "text", "First block whose similarity is below the control's (BH)."),
    Column("blocks", "Blocks", "number", "Blocks below the control's (BH).", "differ"),
    Column(
        "distance", "Distance", "estimate", "(1 - CKA) in units of another seed's, mean over blocks.", "seed-eq.", 2
    ),
    Column("inside", "Inside", "verdict", "Mean over blocks, less the control's."),
)
ANSWERS = (
    Column("accuracy", "Accuracy", "verdict", "Less the original's."),
    Column("ece", "ECE", "estimate", "Expected calibration error, less the control's.", "points", 1, signed=True),
    Column("classes", "Classes", "number", "Classes whose recall differs from the control's (BH).", "differ"),
)
LOOKS = Column("explanations", "Explanations", "estimate", "Distance of attributions.", "seed-eq.", 2)


def build(study: Study) -> Table | None:
    """The table; None where no inside was compared."""
    if not study.insides:
        return None
    feature = study.plan.features[0]
    looks = Looks(study, DIAGNOSTIC)
    method = next(iter(attributions(looks)), "") if looks else ""
    columns = (*NAMES, *INSIDE, *ANSWERS, *((LOOKS,) if method else ()))
    return Table(
        "along",
        "What goes along with the inside",
        captions.joined(
            f"Departs at: the first block (from the input, {feature} features) whose similarity to the original is "
            "below the fine-tuned control's, after Benjamini-Hochberg over methods and blocks of a model. Distance: 0 "
            "is the original, 1 is as different as training again. Verdicts: as in the table of verdicts. ECE and "
            "classes: less the control's, by seed.",
            f"Explanations: {TITLES.get(method, method)}, (1 - Spearman) in units of another seed's." if method else "",
            captions.seeds(study),
            captions.seed_interval(),
            "Seed-eq.: jackknife over seeds.",
            captions.version(study),
        ),
        columns,
        by_model(study, lambda model, variant: _cells(study, model, variant, looks, method), study.plan.methods),
    )


def _cells(study: Study, model: str, variant: PlannedVariant, looks: Looks, method: str) -> Iterator[Datum]:
    feature, label = study.plan.features[0], variant.label
    hole = study.hole(model, label, "compare") or "–"
    yield from _where(departures(study, model, label), hole)
    distance = study.distance(model, label, feature)
    yield estimate(distance) if distance else Datum(hole=hole)
    yield _verdict(study, model, label, inside(study), hole)
    yield _verdict(study, model, label, primary(study), study.hole(model, label) or "–")
    ece = study.difference("ece_difference", model, label, CONTROL)
    yield estimate(ece, 100, hole=hole)
    changed = [found for found in hurt(study) if (found.model, found.variant) == (model, label)]
    yield Datum(changed[0].changed) if changed and changed[0].tested else Datum(hole=hole if not changed else "–")
    if method:
        asked = label in {each.label for each in looks.variants}
        hole = looks.hole(model, label) or "none"
        yield estimate(looks.distance(f"{method}.spearman", model, label), hole=hole) if asked else Datum()


def _where(found: Sequence[BlockClaim] | None, hole: str) -> Iterator[Datum]:
    if found is None:
        yield from (Datum(hole=hole), Datum(hole=hole))
        return
    first = min(found, key=lambda claim: claim.depth, default=None)
    yield Datum(f"{first.block} ({first.depth + 1})") if first else Datum("none shown")
    yield Datum(len(found))


def _verdict(study: Study, model: str, label: str, outcome: Outcome, hole: str) -> Datum:
    claim = claim_on(study, model, label, outcome)
    return Datum(claim.verdict.word) if claim else Datum(hole=hole)
