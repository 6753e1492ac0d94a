"""How much of the inside is left: similarity to the original over all blocks, and in seed-equivalents."""

from __future__ import annotations

from collections.abc import Iterator

from bench.analysis.study import Study
from bench.render.kit.rows import NAMES, by_model
from bench.render.kit.table import Column, Datum, Table, estimate
from bench.render.text import captions
from bench.roles import ORIGINAL
from bench.runner.plan_file import PlannedVariant


def build(study: Study) -> Table:
    """The table: two columns a feature convention."""
    variants = [variant for variant in study.plan.variants if variant.label != ORIGINAL]
    return Table(
        "similarity",
        "Similarity of the inside",
        captions.joined(
            captions.similarity(study),
            "Mean over blocks of each block's similarity to the same block of the original. Seed-equivalents: "
            "(1 - A) / (1 - A of another seed): 0 is the original, 1 is as different as training again.",
            captions.seeds(study),
            captions.combined_interval(study),
            "Seed-equivalents: jackknife over seeds. Tests: those of the verdicts.",
            captions.version(study),
        ),
        (*NAMES, *(column for feature in study.plan.features for column in _columns(feature))),
        by_model(study, lambda model, variant: tuple(_cells(study, model, variant)), variants),
        empty="No comparison is done yet.",
    )


def _columns(feature: str) -> tuple[Column, Column]:
    return (
        Column(f"cka_{feature}", "CKA", "estimate", "Debiased linear CKA to the original.", feature, 3, ends=True),
        Column(
            f"seed_equivalents_{feature}",
            "Seed-equivalents",
            "estimate",
            "Distance from the original in units of another training.",
            feature,
            2,
            ends=True,
        ),
    )


def _cells(study: Study, model: str, variant: PlannedVariant) -> Iterator[Datum]:
    hole = study.hole(model, variant.label, "compare")
    for feature in study.plan.features:
        own = study.insides.get((model, variant.label, feature))
        yield estimate(own.overall()) if own else Datum(hole=hole or "missing")
        distance = study.distance(model, variant.label, feature)
        yield estimate(distance) if distance else Datum(hole=hole or "–")
