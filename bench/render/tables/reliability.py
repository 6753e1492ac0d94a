"""Reliability diagrams as numbers, for the data files: in each bin of confidence, how many answers are right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from bench.analysis.reliability import INTERVALS, Diagram, diagrams
from bench.analysis.study import Study
from bench.render.kit.dataset import Dataset, Field, dataset, interval
from bench.render.text import captions

FIELDS = {
    "model": Field("Name of the network.", identifies=True),
    "variant": Field("The variant's label.", identifies=True),
    "from": Field("Least confidence of the bin.", "number", unit="%", identifies=True),
    "to": Field("Largest confidence of the bin.", "number", unit="%"),
    "answers": Field("In the bin, mean over seeds.", "number"),
    "confidence": Field("Mean of the answers in the bin.", "number", unit="%"),
    "accuracy": Field("Of the answers of all seeds in the bin.", "estimate", unit="%"),
    "ece": Field("Expected calibration error, mean over seeds; the same in all of its rows.", "estimate", "ECE", "%"),
}


def build(study: Study) -> Dataset | None:
    """One row per bin of the networks that are drawn; None without any answers."""
    return dataset(
        "reliability",
        "Reliability diagrams",
        captions.joined(
            "One row per bin of confidence that holds answers, of the networks that are drawn.",
            captions.seeds(study),
            INTERVALS,
            "No tests.",
        ),
        (row for model in study.models for diagram in diagrams(study, model) for row in _rows(model, diagram)),
        FIELDS,
    )


def _rows(model: str, diagram: Diagram) -> Iterator[dict[str, Any]]:
    for index in np.flatnonzero(diagram.answers).tolist():
        yield {
            "model": model,
            "variant": diagram.variant.label,
            "from": 100 * float(diagram.bins.edges[index]),
            "to": 100 * float(diagram.bins.edges[index + 1]),
            "answers": float(diagram.answers[index]),
            "confidence": 100 * float(diagram.confidence[index]),
            **interval("accuracy", diagram.accuracy[index], 100),
            **interval("ece", diagram.error, 100),
        }
