"""Objects that the original finds and compressed networks do not."""

from __future__ import annotations

from dataclasses import dataclass

from bench.analysis.lost_objects import LostObjects, lost_objects, which_count
from bench.analysis.networks import title_of
from bench.analysis.study import Study
from bench.render.kit.rows import NAMES, Network
from bench.render.kit.table import Column, Table, tabulate


@dataclass(frozen=True, kw_only=True)
class LosingNetwork(Network):
    """A network with the objects that it loses."""

    losses: LostObjects


COLUMNS: tuple[Column[LosingNetwork], ...] = (
    *NAMES,
    Column("objects", "Objects", "number", "Annotated in the test images, crowds left out.",
           lambda net: len(net.losses.objects)),
    Column("original", "Original finds", "number", "Of them, mean over seeds.",
           lambda net: float(net.losses.original.sum(1).mean()), "", 1),
    Column("found", "Finds", "number", "Of them, mean over seeds.",
           lambda net: float(net.losses.compressed.sum(1).mean()), "", 1),
    Column("lost", "Lost", "number", "Objects that most seeds of the original find, and most of its own do not.",
           lambda net: net.losses.exemplars.count),
    Column("expected", "By chance", "number", "Lost on average if the two networks were swapped within seeds.",
           lambda net: net.losses.exemplars.expected, "", 2),
    Column("p_chance", "p", "p", "One-sided: more lost, by more seeds, than by chance; Holm over methods.",
           lambda net: net.losses.p_chance, "chance"),
    Column("control", "Control loses", "number", "Objects that the fine-tuned control loses.",
           lambda net: net.losses.exemplars.control_count),
    Column("p_control", "p", "p", "One-sided: more lost, by more seeds, than under the control; Holm over methods.",
           lambda net: net.losses.p_control, "control"),
    Column("seeds", "n", "number", "Seeds that have all three networks.", lambda net: len(net.losses.seeds),
           shown=False),
)  # fmt: skip


def build(study: Study) -> Table | None:
    """The table; None if images have no objects."""
    losses = lost_objects(study)
    if not losses:
        return None
    least = losses[0].exemplars.chance.smallest_attainable_p
    return tabulate(
        "lost_objects",
        "Objects lost",
        "Objects of the test images that most seeds of the original find and most seeds after compression do not.",
        COLUMNS,
        {
            title_of(study, model): [
                LosingNetwork(study, model, study.plan.variant(one.variant), losses=one)
                for one in losses
                if one.model == model
            ]
            for model in study.models
        },
        details=f"{which_count(study)} By chance: lost on average if the two networks are swapped within seeds. p, of "
        "all objects: do seeds agree on losses more than by chance? And more than under the control? One-sided, Holm "
        f"over the methods of a network. The smallest p is {least:.3g}.",
    )
