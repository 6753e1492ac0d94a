"""How much of the inside is left: similarity to the original over all blocks, and in seed-equivalents."""

from __future__ import annotations

from collections.abc import Iterator

from bench.analysis.study import Study
from bench.render.kit.rows import NAMES, Network, networks
from bench.render.kit.table import Column, Datum, Table, estimate, tabulate
from bench.render.text import captions
from bench.roles import ORIGINAL


def build(study: Study) -> Table | None:
    """The table: two columns per feature convention."""
    return tabulate(
        "similarity",
        "Similarity of the inside",
        captions.joined(
            captions.similarity(study),
            "Mean over blocks of each block's similarity to the same block of the original. Seed-equivalents: "
            "(1 - A) / (1 - A of another seed): 0 is the original, 1 is as different as training again.",
            captions.seeds(study),
            captions.combined_interval(study),
            "Seed-equivalents: jackknife over seeds. Tests: those of the verdicts.",
        ),
        (*NAMES, *(column for feature in study.plan.features for column in _columns(study, feature))),
        networks(study, [variant for variant in study.plan.variants if variant.label != ORIGINAL], "compare"),
        empty="No comparison is done yet.",
    )


def _columns(study: Study, feature: str) -> Iterator[Column[Network]]:
    def overall(net: Network) -> Datum:
        inside = study.insides.get((net.model, net.label, feature))
        return estimate(inside.overall()) if inside else Datum(hole=net.hole or "missing")

    def distance(net: Network) -> Datum:
        units = study.distance(net.model, net.label, feature)
        return estimate(units) if units else Datum(hole=net.hole or "–")

    yield Column(
        f"cka_{feature}", "CKA", "estimate", "Debiased linear CKA to the original.", overall, feature, 3, ends=True
    )
    yield Column(
        f"seed_equivalents_{feature}",
        "Seed-equivalents",
        "estimate",
        "Distance from the original in units of another training.",
        distance,
        feature,
        2,
        ends=True,
    )
