"""How far every variant's attributions agree with the original's."""

from __future__ import annotations

from collections.abc import Iterator

from bench.analysis.attributions import DIAGNOSTIC, TITLES, attributions
from bench.analysis.looks import BYPASSED, Looks
from bench.analysis.study import Study
from bench.render.kit.rows import NAMES, row
from bench.render.kit.table import Column, Datum, Group, Row, Table, estimate, number
from bench.render.text import captions
from bench.roles import CONTROL, ORIGINAL, OTHER_SEED
from bench.runner.plan_file import PlannedVariant

COLUMNS = (
    *NAMES,
    Column("attribution", "Attribution", "text", "Which attribution.", shown=False),
    Column("quantisers", "Quantisers", "text", "Whether those of feature maps compute or are by-passed.", shown=False),
    Column("spearman", "Spearman", "estimate", "Signed rank correlation with the original's map, -1 to 1.", "", 3),
    Column("spearman_less_control", "Less control", "estimate", "Paired by seed.", "", 3, signed=True),
    Column(
        "seed_equivalents", "Seed-eq.", "estimate", "(1 - Spearman) / (1 - that of another seed).", "", 2, ends=True
    ),
    Column("top_overlap", "Top 10%", "estimate", "Share of the 10% largest positions that agree; chance: 0.1.", "", 3),
    Column(
        "top_overlap_seed_equivalents", "Top 10%, seed-eq.", "estimate", "The same of the overlap.", "", 2, ends=True,
        shown=False,
    ),
    Column("blank", "Blank", "number", "Images whose map has nothing that speaks for the class, mean.", "", 1),
    Column("seeds", "n", "number", "Seeds with a result."),
)  # fmt: skip


def build(study: Study) -> Table | None:
    """The table: a group a model and attribution; None where nothing was explained."""
    looks = Looks(study, DIAGNOSTIC)
    if not looks:
        return None
    groups = (
        Group(f"{model}: {TITLES.get(method, method)}", tuple(_rows(looks, model, method)))
        for model in study.models
        for method in attributions(looks)
    )
    return Table(
        "explanations",
        "Agreement of explanations",
        captions.joined(
            "Attributions of the original's answers, signed, against the original's on the same "
            f"{looks.images} probe images: mean over images, then over seeds. Seed-eq.: (1 - Spearman) / (1 - "
            "Spearman of another seed): 0 is the original, 1 is as different as training again. Blank: how many of the "
            "images get a map with nothing that speaks for the class. Quantisers by-passed: the gradient is that of "
            "the network without rounding its feature maps. Below the line: what the methods are compared with.",
            captions.seeds(study),
            captions.seed_interval(),
            "Seed-eq.: jackknife over seeds. No tests.",
            captions.version(study),
        ),
        COLUMNS,
        tuple(group for group in groups if group.rows),
        empty="No attribution is done yet.",
    )


def _rows(looks: Looks, model: str, method: str) -> Iterator[Row]:
    for variant in sorted(looks.variants, key=lambda variant: variant.control):
        yield _row(looks, model, method, variant, "")
        if looks.mean(f"{method}.spearman", model, variant.label, suffix=BYPASSED).n:
            yield _row(looks, model, method, variant, BYPASSED)


def _row(looks: Looks, model: str, method: str, variant: PlannedVariant, suffix: str) -> Row:
    title = f"{variant.title}, quantisers by-passed" if suffix else variant.title
    found = row(model, variant, tuple(_cells(looks, model, method, variant, suffix)))
    return Row((found.cells[0], found.cells[1], Datum(title), *found.cells[3:]), found.role, found.about)


def _cells(looks: Looks, model: str, method: str, variant: PlannedVariant, suffix: str) -> Iterator[Datum]:
    label, hole = variant.label, looks.hole(model, variant.label) or "none"
    spearman, overlap = f"{method}.spearman", f"{method}.top_overlap"
    yield Datum(TITLES.get(method, method))
    yield Datum("by-passed" if suffix else "as they compute")
    if label == ORIGINAL:
        yield from [Datum()] * 5
    else:
        yield estimate(looks.mean(spearman, model, label, suffix=suffix), hole=hole)
        less = looks.difference(spearman, model, label, CONTROL, suffix=suffix)
        yield Datum() if label == CONTROL else estimate(less, hole=hole)
        yield _distance(looks, spearman, model, label, suffix)
        yield estimate(looks.mean(overlap, model, label, suffix=suffix), hole=hole)
        yield _distance(looks, overlap, model, label, suffix)
    yield number(looks.mean(f"{method}.blank", model, label, suffix=suffix).value, hole=hole)
    yield Datum(looks.mean(f"{method}.blank", model, label, suffix=suffix).n)


def _distance(looks: Looks, metric: str, model: str, label: str, suffix: str) -> Datum:
    if label == OTHER_SEED:
        return Datum(note="The unit itself.")
    return estimate(looks.distance(metric, model, label, suffix=suffix), hole="–")
