"""Who is hurt: classes whose recall changes, and images that most compressed networks no longer get right."""

from __future__ import annotations

from bench.analysis.answers import Hurt, hurt
from bench.analysis.study import Study
from bench.render.kit.rows import NAMES, by_model
from bench.render.kit.table import Column, Datum, Table, estimate, number
from bench.render.text import captions

COLUMNS = (
    *NAMES,
    Column("changed", "Classes", "number", "Classes whose recall differs from the control's.", "differ"),
    Column("worst", "Most hurt", "text", "The class that loses the most recall."),
    Column("recall", "Its recall", "estimate", "Less the control's.", "points", 1, signed=True),
    Column("p_recall", "q", "p", "Of that change, after Benjamini-Hochberg over classes.", "BH", shown=False),
    Column("exemplars", "Exemplars", "number", "Images that most seeds of the original get right, and of it wrong."),
    Column("expected", "By chance", "number", "Exemplars if changed answers fell on images at random.", "", 1),
    Column("control", "Control's", "number", "Exemplars of the fine-tuned control."),
    Column("p_control", "p", "p", "One-sided: more lost, by more seeds, than under the control.", "control"),
    Column("seeds", "n", "number", "Seeds that have all three networks."),
)


def build(study: Study) -> Table | None:
    """The table; None where answers cannot be paired."""
    found = {(each.model, each.variant): each for each in hurt(study)}
    if not found:
        return None
    control = next(iter(found.values())).images.control
    least = f"; smallest attainable p {control.smallest_attainable_p:.3g}" if control else ""
    return Table(
        "hurt",
        "Who is hurt",
        captions.joined(
            "Classes: those whose recall differs from the fine-tuned control's (paired t with the variance over seeds "
            "and images, Benjamini-Hochberg over the classes of a method). Exemplars: test images that most seeds of "
            "the original get right and most seeds of the compressed network get wrong; beside them how many there "
            "would be if each seed's changed answers fell on images at random, and the control's own. p, of all images "
            "and not of the exemplars alone: do seeds agree on losses more than under the control (the two swapped "
            f"within seeds, one-sided, not corrected{least}).",
            captions.seeds(study),
            "Intervals: 95%.",
            captions.version(study),
        ),
        COLUMNS,
        by_model(
            study,
            lambda model, variant: (
                _cells(study, found[model, variant.label]) if (model, variant.label) in found else None
            ),
            study.plan.methods,
        ),
    )


def _cells(study: Study, losses: Hurt) -> tuple[Datum, ...]:
    worst, images = losses.worst, losses.images
    return (
        number(losses.changed if losses.tested else None, hole="–"),
        Datum("none" if worst is None else study.plan.data.named(worst)),
        Datum(hole="–") if worst is None else estimate(losses.classes.estimates[worst], 100),
        Datum(hole="–") if worst is None else number(losses.classes.corrected.p[worst], hole="–"),
        Datum(images.count),
        number(images.expected),
        number(images.control_count, hole="–"),
        number(images.control.p if images.control else None, hole="–"),
        Datum(losses.seeds),
    )
