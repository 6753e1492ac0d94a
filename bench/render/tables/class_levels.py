"""Every class of every detector: what it reaches, and how that differs from the reference's, for the data files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bench.analysis.class_scores import ClassScores, class_scores
from bench.analysis.study import Study
from bench.render.kit.dataset import Dataset, Field, dataset, interval, number
from bench.render.text import captions
from bench.task import Primary


def build(study: Study) -> Dataset | None:
    """One row per variant and class; None for networks that classify."""
    primary = study.primary
    return dataset(
        "class_levels",
        f"{primary.capital} by class, each",
        captions.joined(
            f"{primary.capital} of each class of the test images, and less the reference's, paired by seed and image.",
            "Correction: Benjamini-Hochberg over the classes of a network.",
            captions.seeds(study),
        ),
        (
            {"model": model, "variant": label, **of_class}
            for (model, label), scores in class_scores(study).items()
            for of_class in _classes(study, scores)
        ),
        _fields(primary),
    )


def _fields(primary: Primary) -> dict[str, Field]:
    return {
        "model": Field("Name of the network.", identifies=True),
        "variant": Field("The variant's name in files and on the command line.", title="Label", identifies=True),
        "class": Field("Name of the class.", identifies=True),
        "reference": Field("The variant that it is compared with: the original, or what trained as long."),
        "level": Field(f"{primary.capital}, mean over seeds.", "number", unit=primary.level_unit or primary.unit),
        "level_less_reference": Field("Less the reference's.", "estimate", unit=primary.unit),
        "p": Field("Two-sided paired t over seeds and images, not corrected.", "p", "p"),
        "p_flip": Field("Exact two-sided sign-flip test over seeds, not corrected.", "p", "p", "flip"),
        "p_corrected": Field("The t test's p after Benjamini-Hochberg over the network's classes.", "p", "q", "BH"),
        "seeds": Field("Seeds that have both networks.", "number", "n"),
    }


def _classes(study: Study, scores: ClassScores) -> Iterator[dict[str, Any]]:
    scale, effects = study.primary.scale, scores.effects
    for place, label in enumerate(scores.classes):
        yield {
            "class": study.plan.data.named(label),
            "reference": scores.reference,
            "level": scale * float(scores.levels[place]),
            **interval("level_less_reference", effects.estimates[place], scale),
            **number("p", effects.tests[place].p),
            **number("p_flip", effects.sign_flips[place].p),
            "p_corrected": float(effects.corrected.p[place]),
            "seeds": scores.seeds,
        }
