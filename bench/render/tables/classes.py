"""Every class of every method: how its recall changes, for the data files."""

from __future__ import annotations

from bench.analysis.answers import hurt
from bench.analysis.study import Study
from bench.render.kit.dataset import Dataset, Field, dataset, interval, number
from bench.render.text import captions

FIELDS = {
    "model": Field("Name of the network."),
    "variant": Field("The variant's name in files and on the command line.", title="Label"),
    "class": Field("Name of the class."),
    "recall": Field("Less the fine-tuned control's.", "estimate", unit="points"),
    "p": Field("Two-sided paired t over seeds and images, not corrected.", "p", "p"),
    "p_flip": Field("Exact two-sided sign-flip test over seeds, not corrected.", "p", "p", "flip"),
    "p_corrected": Field("The t test's p after Benjamini-Hochberg over the method's classes.", "p", "q", "BH"),
}


def build(study: Study) -> Dataset | None:
    """One row per method and class; None if answers cannot be paired."""
    rows = (
        {
            "model": losses.model,
            "variant": losses.variant,
            "class": study.plan.data.named(index),
            **interval("recall", change, 100),
            **number("p", test.p),
            **number("p_flip", flip.p),
            **number("p_corrected", float(corrected)),
        }
        for losses in hurt(study)
        for effects in [losses.classes]
        for index, (change, test, flip, corrected) in enumerate(
            zip(effects.estimates, effects.tests, effects.sign_flips, effects.corrected.p, strict=True)
        )
    )
    return dataset(
        "classes",
        "Recall by class",
        captions.joined(
            "Recall of each class on the test images, less the fine-tuned control's, paired by seed and image.",
            "Correction: Benjamini-Hochberg over the classes of a method.",
            captions.seeds(study),
        ),
        rows,
        FIELDS,
    )
