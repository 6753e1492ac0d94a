"""How far each inside is from the original's by every measure, side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bench.analysis import wording
from bench.analysis.distances import Distance, ProbeLoss, compared, measures
from bench.analysis.sameness import in_points, inside_claim, nonnegative
from bench.analysis.study import Study
from bench.analysis.wording import measure_title
from bench.render.kit.names import key_of, short
from bench.render.kit.rows import NAMES, Network, networks
from bench.render.kit.table import DASH, Column, Datum, Gotten, Table, estimate, tabulate
from bench.render.text import captions, counts
from bench.roles import ORIGINAL


def build(study: Study) -> Table | None:
    """The table: a column per measure; conventions of features but the first are in the data files."""
    return tabulate(
        "similarity",
        "The inside by every measure",
        "How far each inside lies from the original's, mean over blocks. 0 is the original, 1 another training.",
        (*NAMES, *(column for feature in study.plan.features for column in _columns(study, feature))),
        networks(study, [variant for variant in study.plan.variants if variant.label != ORIGINAL], "compare"),
        notes=captions.traps(study),
        empty=captions.nothing_compared(study),
        raw=True,  # the table of words offers the distances
        finding=counts.farthest(study),
        details=captions.joined(
            f"In seed-equivalents, with {study.plan.features[0]} features; the others are in the data files.",
            captions.cross_probe_loss(study),
            captions.scaled_interval(study),
        ),
    )


def _columns(study: Study, feature: str) -> Iterator[Column[Network]]:
    first = feature == study.plan.features[0]
    for name in measures(study):
        title, key = short(measure_title(study, name)), f"{key_of(name)}_{feature}"
        yield Column(
            key, title, "estimate", f"Distance from the original by {measure_title(study, name)}, {feature} features.",
            distance_by(study, feature, name), captions.unit_of(name), 2,
            ends=name in study.plan.similarity.inside, shown=first,
        )  # fmt: skip
        yield Column(
            f"{key}_own", title, "estimate", f"{measure_title(study, name)} itself, {feature} features, over blocks.",
            _itself(study, feature, name), "own unit", 4, ends=True, shown=False,
        )  # fmt: skip
        if first:
            yield Column(
                f"{key}_word", title, "text", "What this measure says by itself.", _word(study, name), "word",
                shown=False,
            )  # fmt: skip


def distance_by(study: Study, feature: str, name: str) -> Callable[[Network], Gotten]:
    """A getter of the distance from the original by one measure; the cross-probe's is its largest loss."""

    def get(net: Network) -> Gotten:
        one = _one(study, net, feature, name)
        if isinstance(one, Distance):
            return estimate(nonnegative(one.overall.ratio(study.plan.margins.inside)), hole=DASH)
        return estimate(worst(one), hole=DASH) if isinstance(one, ProbeLoss) else Datum(hole=net.hole or "none")

    return get


def worst(one: ProbeLoss):
    """The largest loss of any block, in points."""
    return in_points(max(one.at, key=lambda lost: (lost.value == lost.value, lost.value)))


def _itself(study: Study, feature: str, name: str):
    def get(net: Network) -> Gotten:
        one = _one(study, net, feature, name)
        if isinstance(one, Distance):
            return estimate(one.mean, hole=DASH)
        return Datum() if isinstance(one, ProbeLoss) else Datum(hole=net.hole or "none")

    return get


def _word(study: Study, name: str):
    def get(net: Network) -> Gotten:
        claim = inside_claim(study, net.model, net.label)
        measured = claim.measures.get(name) if claim else None
        return (wording.measure_word(measured) or None) if measured else Datum()

    return get


def _one(study: Study, net: Network, feature: str, name: str) -> Distance | ProbeLoss | None:
    network = compared(study).get((net.model, net.label))
    return network.by.get((feature, name)) if network else None
