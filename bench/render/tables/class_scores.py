"""What detectors reach in each class: the class that a network loses most in, and how many differ."""

from __future__ import annotations

from dataclasses import dataclass

from bench.analysis.class_scores import ClassScores, class_scores
from bench.analysis.networks import title_of
from bench.analysis.study import Study
from bench.render.kit.rows import NAMES, Network, networks
from bench.render.kit.table import Column, Gotten, Table, tabulate


@dataclass(frozen=True, kw_only=True)
class ScoredNetwork(Network):
    """A network with the differences of its classes."""

    study: Study
    scores: ClassScores


def build(study: Study) -> Table | None:
    """The table; None for networks that classify, whose classes have recalls, and without a pair of networks."""
    known = class_scores(study)
    if not known:
        return None
    primary = study.primary
    return tabulate(
        "class_scores",
        f"{primary.capital} by class",
        f"{primary.capital} of each class of the test images, less the reference's.",
        _columns(study),
        {
            title_of(study, model): [
                ScoredNetwork(study, model, net.variant, study=study, scores=known[model, net.label])
                for net in networks(study)[title_of(study, model)]
                if (model, net.label) in known
            ]
            for model in study.models
        },
        details="The reference is the original, or a control that was trained for as long. Intervals are paired by "
        "seed and image. Those of a class that a single image has are for new seeds alone. Differ: by a paired t test, "
        "Benjamini-Hochberg over the classes of a network. Values of every class are in the data files.",
    )


def _columns(study: Study) -> tuple[Column[ScoredNetwork], ...]:
    primary = study.primary
    return (
        *NAMES,
        Column("classes", "Classes", "number", "That test images have.", lambda net: len(net.scores.classes)),
        Column("changed", "Classes", "number", "Whose value differs from the reference's; none with too few seeds.",
               lambda net: net.scores.changed, "differ"),
        Column("worst", "Most hurt", "text", "The class that loses the most.", _worst),
        Column("level", f"Its {primary.noun}", "number", "Mean over seeds.", _level, primary.level_unit,
               primary.digits),
        Column("difference", "Change", "estimate", "Of that class, less the reference's.", _difference, primary.unit,
               primary.digits, signed=True, scale=primary.scale),
        Column("q", "q", "p", "Of that change, after Benjamini-Hochberg over classes.", _corrected, "BH", shown=False),
        Column("seeds", "n", "number", "Seeds that have both networks.", lambda net: net.scores.seeds, shown=False),
    )  # fmt: skip


def _place(network: ScoredNetwork) -> int | None:
    """Of the class that loses the most; None if its change is printed as 0."""
    primary, worst = network.study.primary, network.scores.worst
    if worst is None or not round(primary.scale * network.scores.effects.estimates[worst].value, primary.digits):
        return None
    return worst


def _worst(network: ScoredNetwork) -> str:
    place = _place(network)
    return "none" if place is None else network.study.plan.data.named(network.scores.classes[place])


def _level(network: ScoredNetwork) -> Gotten:
    place = _place(network)
    return None if place is None else network.study.primary.scale * float(network.scores.levels[place])


def _difference(network: ScoredNetwork) -> Gotten:
    place = _place(network)
    return None if place is None else network.scores.effects.estimates[place]


def _corrected(network: ScoredNetwork) -> Gotten:
    place = _place(network)
    return None if place is None else float(network.scores.effects.corrected.p[place])
