"""Whether single channels still do what they did: images that drive them, what they carry, first filters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bench.analysis.looks import Looks
from bench.analysis.study import Study
from bench.render.kit.rows import NAMES, by_model
from bench.render.kit.table import Column, Datum, Table, estimate
from bench.render.text import captions
from bench.roles import ORIGINAL
from bench.runner.plan_file import PlannedVariant


@dataclass(frozen=True)
class Measure:
    """A metric of a diagnostic that is a column.

    Attributes:
        exact: the original's own value says nothing.
    """

    diagnostic: str
    metric: str
    column: Column
    exact: bool = True
    factor: float = 1.0


MEASURES = (
    Measure(
        "activation-maximization", "transfer",
        Column("transfer", "Transfer", "estimate",
               "Response to the original's image by the response to the channel's own, mean over channels.", "", 2),
    ),
    Measure(
        "activation-maximization", "response",
        Column("response", "Response", "estimate",
               "To the channel's own image, in deviations over the probe, mean over channels.", "sd", 2),
        exact=False,
    ),
    Measure(
        "conductance", "spearman",
        Column("conductance", "Conductance", "estimate",
               "Rank correlation with the original's over the channels of a block, mean over all.", "ρ", 3),
    ),
    Measure(
        "filters", "cosine",
        Column("filter_cosine", "First filters", "estimate", "Mean cosine with the original's.", "cos", 3),
    ),
    Measure(
        "filters", "zero",
        Column("filter_zero", "Zero filters", "estimate", "Share of first filters that are zero.", "%", 1),
        exact=False, factor=100,
    ),
    Measure(
        "class-images", "recognised",
        Column("recognised", "Class images", "estimate",
               "Share of the original's class images that are given their class.", "%", 0),
        exact=False, factor=100,
    ),
    Measure(
        "feature-inversion", "pixels",
        Column("inversion", "Inversion", "estimate",
               "Root mean square distance of an image from the one painted for its features, 0 to 1.", "rms", 3),
        exact=False,
    ),
    Measure(
        "feature-inversion", "features",
        Column("inversion_left", "Not reached", "estimate",
               "Squared distance of features that the painting left, share of that to the mean features.", "%", 0),
        exact=False, factor=100,
    ),
)  # fmt: skip
SENTENCES = {
    "activation-maximization": "Transfer: how strongly the image painted for a channel of the original drives the "
    "channel here, by the response to the image painted here (1: as well as its own, 0: no more than any image). "
    "Response: to its own image, in standard deviations over the probe.",
    "conductance": "Conductance: Spearman correlation of the channels' share in the answer with the original's.",
    "filters": "First filters: mean cosine with the original's; zero filters: share of them whose weights are all 0.",
    "class-images": "Class images: how many of the images that the original would most like to see of a class get that "
    "class here.",
    "feature-inversion": "Inversion: how far an image is from one painted to have the same features, mean over stages; "
    "not reached: how much of the distance of features the painting left, so that small distances from the image say "
    "little where it is large.",
}
MATCHED = (
    "Channels are the original's by index. Another seed's are matched to them (Hungarian method), and so are the first "
    "filters of random weights."
)


def build(study: Study) -> Table | None:
    """The table; None where no diagnostic looked at channels."""
    looks = {name: Looks(study, name) for name in SENTENCES}
    measures = [measure for measure in MEASURES if looks[measure.diagnostic]]
    if not measures:
        return None
    seen = [each.variants for each in looks.values() if each]
    asked = [variant for variant in study.plan.variants if any(variant in variants for variants in seen)]
    return Table(
        "units",
        "Single channels",
        captions.joined(
            *(sentence for name, sentence in SENTENCES.items() if looks[name]),
            MATCHED,
            captions.seeds(study),
            captions.seed_interval(),
            "No tests.",
            captions.version(study),
        ),
        (*NAMES, *(measure.column for measure in measures), Column("seeds", "n", "number", "Seeds with a result.")),
        by_model(study, lambda model, variant: _cells(looks, measures, model, variant), asked),
    )


def _cells(looks: dict[str, Looks], measures: list[Measure], model: str, variant: PlannedVariant) -> Iterator[Datum]:
    n = 0
    for measure in measures:
        own = looks[measure.diagnostic]
        found = own.mean(measure.metric, model, variant.label)
        n = max(n, found.n)
        trivial = measure.exact and variant.label == ORIGINAL
        hole = own.hole(model, variant.label) or "none"
        yield Datum() if trivial else estimate(found, measure.factor, hole=hole)
    yield Datum(n)
