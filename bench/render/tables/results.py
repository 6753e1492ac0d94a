"""Accuracy and footprint of every variant: the main table."""

from __future__ import annotations

from collections.abc import Iterator

from bench.analysis.budget import leading
from bench.analysis.claims import claim_on
from bench.analysis.outcomes import Outcome, primary, primary_beyond_control
from bench.analysis.study import Study
from bench.render.kit.prose import listed
from bench.render.kit.rows import NAMES, by_model
from bench.render.kit.table import Column, Datum, Table, estimate, number
from bench.render.text import captions
from bench.roles import ORIGINAL
from bench.runner.plan_file import PlannedVariant

PAYLOAD = "Bytes of weights, scales, masks and codes in the packed file, mean over seeds; 1 kB = 1000 bytes."

COLUMNS = (
    *NAMES,
    Column("top1", "Top-1", "estimate", "Test accuracy of the network read back from the packed file.", "%", 2),
    Column("top1_less_original", "Less original", "estimate", "Paired by seed.", "points", 2, signed=True),
    Column(
        "top1_less_control", "Less control", "estimate", "Less fine-tuned control, by seed.", "points", 2, signed=True
    ),
    Column("payload", "Payload", "number", PAYLOAD, "kB", 1),
    Column("ratio", "Ratio", "number", "The original's payload divided by this one's.", "×", 1),
    Column("file", "Disk", "number", "Size of the packed file, headers and names included.", "kB", 1),
    Column("activations", "Peak act.", "number", "Peak of the live feature maps at batch 1 (graph liveness).", "kB", 1),
    Column("macs", "MACs", "number", "Multiply-accumulates of one image, zero weights counted.", "M", 2),
    Column("sparsity", "Sparsity", "number", "Share of convolution and linear weights that are zero.", "%", 1),
    Column("seeds", "n", "number", "Seeds with a result."),
)
SCORE = Column("micronet", "MicroNet", "number", "Parameters / 36.5e6 + operations / 10.49e9; lower is better.", "", 5)


def build(study: Study) -> Table:
    """The table; the leading set of each model is bold."""
    return Table(
        "results",
        "Accuracy and footprint",
        captions.joined(
            "Top-1 accuracy on the test images, of the network that was read back from its packed file, against its "
            "sizes; differences are paired by seed. Below the line of each model: what the methods are compared with.",
            captions.seeds(study),
            captions.seed_interval(),
            _bold(study),
            captions.family(study),
            captions.stars(study),
            captions.version(study),
        ),
        (*COLUMNS[:-1], SCORE, COLUMNS[-1]) if _scored(study) else COLUMNS,
        by_model(study, lambda model, variant: _cells(study, model, variant)),
        notes=tuple(_notes(study)),
    )


def _notes(study: Study) -> Iterator[str]:
    yield "What the methods are compared with has no stars: only methods are tested."
    leaders = leading(study)
    yield from dict.fromkeys(each.why_withheld for each in leaders.values() if each.why_withheld)
    for model, leaders_of_model in leaders.items():
        if leaders_of_model.untested:
            titles = listed(
                [study.plan.variant(label).title for label in leaders_of_model.untested], most=len(study.plan.methods)
            )
            yield f"{model}: cannot lead, for too few seeds in common: {titles}."


def _bold(study: Study) -> str:
    shown = [leaders for leaders in leading(study).values() if leaders.bold]
    if not shown:
        return ""
    tests = "; ".join(dict.fromkeys(leaders.test for leaders in shown))
    return f"Bold: the leading methods, those of which {tests}."


def _cells(study: Study, model: str, variant: PlannedVariant) -> Iterator[Datum]:
    label, hole = variant.label, study.hole(model, variant.label)
    bold = label in leading(study)[model].bold
    yield estimate(study.mean("test_accuracy", model, label), 100, bold=bold, hole=hole)
    yield _difference(study, model, label, primary(study), hole)
    yield _difference(study, model, label, primary_beyond_control(study), hole)
    payload = study.mean("payload_bytes", model, label).value
    yield number(payload, 1e-3, hole=hole)
    yield number(study.mean("payload_bytes", model, ORIGINAL).value / payload if payload else None, hole=hole)
    yield number(study.mean("file_bytes", model, label).value, 1e-3, hole=hole)
    yield number(study.mean("peak_activation_bytes", model, label).value, 1e-3, hole=hole)
    yield number(study.mean("macs", model, label).value, 1e-6, hole=hole)
    yield number(study.mean("sparsity", model, label).value, 100, hole=hole)
    if _scored(study):
        yield number(study.mean("micronet_score", model, label).value, hole=hole)
    yield Datum(study.mean("test_accuracy", model, label).n)


def _scored(study: Study) -> bool:
    found = study.results.compressed
    return "micronet_score" in found and bool(found["micronet_score"].notna().any())


def _difference(study: Study, model: str, label: str, outcome: Outcome, hole: str) -> Datum:
    if label == outcome.reference:
        return Datum()
    claim = claim_on(study, model, label, outcome)
    if claim:
        return estimate(claim.evidence.difference, stars=claim.stars, hole=hole)
    less = study.difference(study.primary.test, model, label, outcome.reference)
    return estimate(less, study.primary.scale, hole=hole)
