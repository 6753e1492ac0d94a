"""Reliability diagrams as numbers, for the data files: in each bin of confidence, how many answers are right."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bench.analysis.reliability import INTERVALS, Diagram, diagrams
from bench.analysis.study import Study
from bench.render.kit.table import Column, Datum, Group, Row, Table, estimate, number
from bench.render.text import captions

COLUMNS = (
    Column("model", "Model", "text", "Name of the network."),
    Column("variant", "Variant", "text", "The variant's label."),
    Column("from", "From", "number", "Least confidence of the bin.", digits=3),
    Column("to", "To", "number", "Largest confidence of the bin.", digits=3),
    Column("answers", "Answers", "number", "In the bin, mean over seeds.", digits=1),
    Column("confidence", "Confidence", "number", "Mean of the answers in the bin.", digits=4),
    Column("accuracy", "Accuracy", "estimate", "Of the answers of all seeds in the bin.", "%", 2),
    Column(
        "ece", "ECE", "estimate", "Expected calibration error, mean over seeds; the same in all of its rows.", "%", 2
    ),
)


def build(study: Study) -> Table | None:
    """One row a bin of the networks that are drawn; None where no answers are there."""
    rows = tuple(row for model in study.models for found in diagrams(study, model) for row in _rows(model, found))
    if not rows:
        return None
    return Table(
        "reliability",
        "Reliability diagrams",
        captions.joined(
            "One row a bin of confidence that holds answers, of the networks that are drawn.",
            captions.seeds(study),
            INTERVALS,
            "No tests.",
            captions.version(study),
        ),
        COLUMNS,
        (Group("", rows),),
        raw=True,
    )


def _rows(model: str, diagram: Diagram) -> Iterator[Row]:
    edges = diagram.bins.edges
    for place in np.flatnonzero(diagram.answers):
        yield Row(
            (
                Datum(model),
                Datum(diagram.variant.label),
                number(float(edges[place]), hole="–"),
                number(float(edges[place + 1]), hole="–"),
                number(float(diagram.answers[place]), hole="–"),
                number(float(diagram.confidence[place]), hole="–"),
                estimate(diagram.accuracy[place], 100),
                estimate(diagram.error, 100),
            )
        )
