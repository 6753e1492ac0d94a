"""Who is hurt: classes whose recall changes, and images that most compressed networks no longer get right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.analysis.answers import Hurt, hurt
from bench.analysis.networks import title_of
from bench.analysis.study import Study
from bench.render.kit.prose import listed
from bench.render.kit.rows import NAMES, Network
from bench.render.kit.table import Column, Gotten, Table, tabulate
from bench.statistics.estimate import Estimate


@dataclass(frozen=True, kw_only=True)
class HurtNetwork(Network):
    """A network with what its classes and images lost; `worst` names the classes that lose the most recall."""

    losses: Hurt
    worst: str


COLUMNS: tuple[Column[HurtNetwork], ...] = (
    *NAMES,
    Column("changed", "Classes", "number", "Classes whose recall differs from the control's.",
           lambda lost: lost.losses.changed if lost.losses.tested else None, "differ"),
    Column("worst", "Most hurt", "text", "The class, or classes, with the largest loss of recall to fine-tuning alone.",
           lambda lost: lost.worst),
    Column("recall", "Beyond fine-tuning", "estimate", "Recall of that class, less the fine-tuned control's.",
           lambda lost: _of_worst(lost.losses, lost.losses.classes.estimates), "points", 1, signed=True, scale=100),
    Column("p_recall", "q", "p", "Of that change, after Benjamini-Hochberg over classes.",
           lambda lost: _of_worst(lost.losses, lost.losses.classes.corrected.p), "BH", shown=False),
    Column("exemplars", "Exemplars", "number", "Images that most seeds of the original get right, and of it wrong.",
           lambda lost: lost.losses.images.count),
    Column("expected", "By chance", "number", "Exemplars on average if the two networks were swapped within seeds.",
           lambda lost: lost.losses.images.expected, "", 2),
    Column("p_chance", "p", "p", "One-sided: more lost, by more seeds, than by chance; Holm over methods.",
           lambda lost: lost.losses.p_chance, "chance", shown=False),
    Column("control", "Control's", "number", "Exemplars of the fine-tuned control.",
           lambda lost: lost.losses.images.control_count),
    Column("p_control", "p", "p", "One-sided: more lost, by more seeds, than under the control; Holm over methods.",
           lambda lost: lost.losses.p_control, "control"),
    Column("seeds", "n", "number", "Seeds that have all three networks.", lambda lost: lost.losses.seeds),
)  # fmt: skip


def build(study: Study) -> Table | None:
    """The table; None if answers cannot be paired."""
    if not hurt(study):
        return None
    control = hurt(study)[0].images.control
    least = f". The smallest p is {control.smallest_attainable_p:.3g}" if control else ""
    return tabulate(
        "hurt",
        "Classes and images lost",
        "Classes whose recall changed, and exemplars: images that most seeds of the original get right and most seeds "
        "after compression get wrong.",
        COLUMNS,
        {
            title_of(study, model): [_lost(study, losses) for losses in hurt(study) if losses.model == model]
            for model in study.models
        },
        details="Classes: recall against the fine-tuned control, paired t with the variance over seeds and images, "
        "Benjamini-Hochberg over the classes of a method. By chance: exemplars on average if the two networks are "
        "swapped within seeds. Control's: those of the control. p, of all images: do seeds agree on losses more than "
        f"under the control? The two are swapped within seeds, one-sided, Holm over the methods of a network{least}.",
    )


def _lost(study: Study, losses: Hurt) -> HurtNetwork:
    worst = listed(list(map(study.plan.data.named, losses.worst)), most=3)
    return HurtNetwork(study, losses.model, study.plan.variant(losses.variant), losses=losses, worst=worst)


def _of_worst(losses: Hurt, by_class: Sequence[Estimate] | Sequence[float]) -> Gotten:
    return by_class[losses.worst[0]] if losses.worst else None
