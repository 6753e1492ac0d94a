"""Accuracy on corrupted images."""

from __future__ import annotations

from collections.abc import Iterator

from bench.analysis.looks import Looks
from bench.analysis.study import Study
from bench.render.kit.rows import NAMES, by_model
from bench.render.kit.table import Column, Datum, Table, estimate, number
from bench.render.text import captions
from bench.roles import CONTROL, ORIGINAL
from bench.runner.plan_file import PlannedVariant

DIAGNOSTIC = "corruptions"
KINDS = {"noise": "Noise", "blur": "Blur", "contrast": "Contrast", "brightness": "Bright", "jpeg": "JPEG"}


def build(study: Study) -> Table | None:
    """The table; None where no image was corrupted."""
    looks = Looks(study, DIAGNOSTIC)
    if not looks:
        return None
    kinds = [kind for kind in KINDS if looks.has(kind)]
    return Table(
        "corruptions",
        "Accuracy on corrupted images",
        captions.joined(
            f"Accuracy on {looks.images} probe images, clean and corrupted, mean over five strengths; the same images "
            "for every network. Loss: clean less the mean over corruptions. Less original and less control: that loss "
            "less theirs, paired by seed; above 0 is more fragile.",
            captions.seeds(study),
            captions.seed_interval(),
            "No tests.",
            captions.version(study),
        ),
        (*NAMES, *_columns(kinds)),
        by_model(study, lambda model, variant: _cells(looks, kinds, model, variant), looks.variants),
    )


def _columns(kinds: list[str]) -> Iterator[Column]:
    yield Column("clean", "Clean", "number", "Accuracy without corruption.", "%", 1)
    for kind in kinds:
        yield Column(kind, KINDS[kind], "number", "Accuracy, mean over strengths.", "%", 1)
    yield Column("loss", "Loss", "estimate", "Clean less the mean over corruptions.", "points", 1)
    yield Column("loss_less_original", "Less original", "estimate", "Paired by seed.", "points", 1, signed=True)
    yield Column("loss_less_control", "Less control", "estimate", "Paired by seed.", "points", 1, signed=True)
    yield Column("seeds", "n", "number", "Seeds with a result.")


def _cells(looks: Looks, kinds: list[str], model: str, variant: PlannedVariant) -> Iterator[Datum]:
    label, hole = variant.label, looks.hole(model, variant.label) or "none"
    for metric in ("clean", *kinds):
        yield number(looks.mean(metric, model, label).value, 100, hole=hole)
    yield estimate(looks.mean("loss", model, label), 100, hole=hole)
    for reference in (ORIGINAL, CONTROL):
        less = looks.difference("loss", model, label, reference)
        yield Datum() if label == reference else estimate(less, 100, hole=hole)
    yield Datum(looks.mean("loss", model, label).n)
