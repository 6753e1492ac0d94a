"""Did the features change? Every method by its distance from the original, between the landmarks of each measure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from math import isfinite

from bench.analysis import wording
from bench.analysis.inside import CROSS_PROBE
from bench.analysis.networks import title_of
from bench.analysis.sameness import insides_of
from bench.analysis.study import Study
from bench.analysis.wording import measure_title
from bench.render.figures._feature_rows import KINDS, MOST_ROWS, Row, rows, shown
from bench.render.figures._features import paint
from bench.render.kit.figure import Figure
from bench.render.kit.names import anchors, short
from bench.render.kit.table import Column, Datum, Table, tabulate
from bench.render.text import captions
from bench.statistics.estimate import Estimate


def build(study: Study) -> list[Figure]:
    """One figure per network of which anything was compared."""
    return list(_figures(study))


def _figures(study: Study) -> Iterator[Figure]:
    for model, anchor in anchors(study.models).items():
        claims = insides_of(study, model)
        if not claims or not shown(study):
            continue
        kinds = [f"{KINDS.get(name, 'Measure')} is {measure_title(study, name)}" for name in shown(study)]
        few = len(claims) > MOST_ROWS
        yield Figure(
            f"features-{anchor}",
            "Did the features change?",
            "In seed-equivalents 0 is the same network and 1 a retrained one; a tick marks each margin.",
            f"Dot plot of the distance of each method's features from the original's on "
            f"{title_of(study, model)}, by measure.",
            partial(paint, study, model),
            ("similarity", "inside"),
            network=model,
            finding=f"Features of {title_of(study, model)}: {wording.counted_insides(claims)}.",
            details=captions.joined(
                f"Distance from the original, {study.plan.features[0]} features, on a square-root scale: the mean over "
                f"blocks.{_probed(study)} {'; '.join(kinds)}. Seed-equivalents: 1 is as far as a network that was "
                "retrained from another seed. Thin line: the 95% interval. Broad line: the interval that decides the "
                "word, moved to the network's own place; none if no word is given. Tick: the margin beyond what fine-"
                "tuning or rounding is compared with. Vertical lines: the landmarks.",
                f"Of {len(claims)} methods, {MOST_ROWS} are drawn, from the nearest to the farthest." if few else "",
                captions.inside_rule(study),
                captions.inside_margins(study),
                captions.seeds(study),
                captions.scaled_interval(study),
                family := captions.inside_family(study),
                "" if family == captions.NO_TEST else "Tests: see the words on the inside.",
            ),
            summary=_summary(study, model, f"features-{anchor}"),
        )


def _probed(study: Study) -> str:
    """What stands for all blocks where a mean does not."""
    if CROSS_PROBE not in shown(study):
        return ""
    return " Of the cross-probe: the loss in the block that the word rests on, for landmarks the largest."


def _summary(study: Study, model: str, id_: str) -> Table | None:
    """The word and the distances of each method."""

    def distance(name: str) -> Callable[[Row], Datum]:
        def datum(row: Row) -> Datum:
            found = row.places[name].distance if name in row.places else row.landmarks.get(name)
            return Datum(found.value, *_ends(found)) if found else Datum(hole="missing")

        return datum

    columns: list[Column[Row]] = [
        Column("title", "Method", "text", "As printed.", lambda row: row.variant.title),
        Column("word", "Features", "verdict", "What is claimed.", lambda row: row.word or None),
        *(
            Column(
                f"measure_{index}", short(measure_title(study, name)), "estimate", "Distance from the original.",
                distance(name), unit=captions.unit_of(name), digits=2, ends=True,
            )
            for index, name in enumerate(shown(study))
        ),
    ]  # fmt: skip
    return tabulate(f"{id_}-summary", f"Features of {title_of(study, model)}", "", columns, {"": rows(study, model)})


def _ends(estimate: Estimate) -> tuple[float | None, float | None]:
    low, high = (end if isfinite(end) else None for end in (estimate.low, estimate.high))
    return low, high
