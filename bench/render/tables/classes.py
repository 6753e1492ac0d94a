"""Every class of every network: how its recall changes, for the data files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bench.analysis.answers import Hurt, hurt
from bench.analysis.recalls import Recalls, recalls
from bench.analysis.study import Study
from bench.render.kit.dataset import Dataset, Field, dataset, interval, number
from bench.render.text import captions

FIELDS = {
    "model": Field("Name of the network.", identifies=True),
    "variant": Field("The variant's name in files and on the command line.", title="Label", identifies=True),
    "class": Field("Name of the class.", identifies=True),
    "reference": Field("The variant that the method is compared with: the original, or what trained as long."),
    "recall_less_reference": Field("Less the reference's, as the figure of who is hurt draws it.", "estimate",
                                   unit="points"),
    "recall_less_control": Field("Less the fine-tuned control's; methods alone.", "estimate", unit="points"),
    "p": Field("Two-sided paired t against the control over seeds and images, not corrected.", "p", "p"),
    "p_flip": Field("Exact two-sided sign-flip test against the control over seeds, not corrected.", "p", "p", "flip"),
    "p_corrected": Field("The t test's p after Benjamini-Hochberg over the method's classes.", "p", "q", "BH"),
}  # fmt: skip


def build(study: Study) -> Dataset | None:
    """One row per variant and class; None if no answers can be paired."""
    tested = {(losses.model, losses.variant): losses for losses in hurt(study)}
    networks = [
        (model, variant.label)
        for model in study.models
        for variant in study.plan.variants
        if (model, variant.label) in tested.keys() | recalls(study).keys()
    ]
    return dataset(
        "classes",
        "Recall by class",
        captions.joined(
            "Recall of each class on the test images, less the reference's and less the fine-tuned control's, paired "
            "by seed and image.",
            "Correction: Benjamini-Hochberg over the classes of a method.",
            captions.seeds(study),
        ),
        (
            {"model": model, "variant": label, **of_class}
            for model, label in networks
            for of_class in _classes(study, recalls(study).get((model, label)), tested.get((model, label)))
        ),
        FIELDS,
    )


def _classes(study: Study, recall: Recalls | None, losses: Hurt | None) -> Iterator[dict[str, Any]]:
    """By class what is known of one network, against its reference and against the control."""
    classes = losses.classes if losses else recall.effects if recall else None
    for index in range(len(classes.estimates) if classes else 0):
        row: dict[str, Any] = {"class": study.plan.data.named(index)}
        if recall:
            row |= {"reference": recall.reference}
            row |= interval("recall_less_reference", recall.effects.estimates[index], 100)
        if losses:
            row |= {
                **interval("recall_less_control", losses.classes.estimates[index], 100),
                **number("p", losses.classes.tests[index].p),
                **number("p_flip", losses.classes.sign_flips[index].p),
                **number("p_corrected", float(losses.classes.corrected.p[index])),
            }
        yield row
