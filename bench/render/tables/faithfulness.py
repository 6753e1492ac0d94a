"""Whether every variant's explanations describe the variant."""

from __future__ import annotations

from collections.abc import Iterator

from bench.analysis.attributions import TITLES
from bench.analysis.looks import Looks
from bench.analysis.study import Study
from bench.render.kit.rows import NAMES, by_model
from bench.render.kit.table import Column, Datum, Table, estimate, number
from bench.render.text import captions
from bench.roles import ORIGINAL
from bench.runner.plan_file import PlannedVariant

DIAGNOSTIC = "faithfulness"
SCORES = {
    "deletion": ("Deletion", "Area under the class's probability while what speaks for it is deleted; small is good."),
    "infidelity": ("Infidelity", "What it misses of the squared effect of removing squares, 0 to 1; small is good."),
    "sensitivity": ("Sensitivity", "Largest relative change under noise that is hardly seen; small is good."),
}
COLUMNS = (
    *NAMES,
    *(
        column
        for score, (title, describe) in SCORES.items()
        for column in (
            Column(score, title, "number", describe, "", 3),
            Column(f"{score}_less_original", "Less original", "estimate", "Paired by seed.", "", 3, signed=True),
        )
    ),
    Column("seeds", "n", "number", "Seeds with a result."),
)


def build(study: Study) -> Table | None:
    """The table; None where nothing was scored."""
    looks = Looks(study, DIAGNOSTIC)
    if not looks:
        return None
    method = looks.settings.get("method", "")
    return Table(
        "faithfulness",
        "Faithfulness of explanations",
        captions.joined(
            f"Each network's own attributions ({TITLES.get(method, method)}), scored on that network over "
            f"{looks.images} probe images; smaller is more faithful. Feature maps are quantised as the network "
            "computes; by-passed versions are in the data.",
            captions.seeds(study),
            captions.seed_interval(),
            "No tests.",
            captions.version(study),
        ),
        COLUMNS,
        by_model(study, lambda model, variant: _cells(looks, model, variant), looks.variants),
    )


def _cells(looks: Looks, model: str, variant: PlannedVariant) -> Iterator[Datum]:
    label, hole = variant.label, looks.hole(model, variant.label) or "none"
    for score in SCORES:
        yield number(looks.mean(score, model, label).value, hole=hole)
        less = looks.difference(score, model, label, ORIGINAL)
        yield Datum() if label == ORIGINAL else estimate(less, hole=hole)
    yield Datum(looks.mean("deletion", model, label).n)
