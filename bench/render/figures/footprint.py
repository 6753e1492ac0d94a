"""Accuracy against payload: the answer to "what is the best accuracy at the smallest footprint?"."""

from __future__ import annotations

from functools import partial

from bench.analysis.study import Study
from bench.render.figures._tradeoff import paint, points
from bench.render.kit.figure import Figure
from bench.render.text import captions


def build(study: Study) -> Figure | None:
    """The figure; None where nothing was packed."""
    if not any(points(study, model, "payload_bytes") for model in study.models):
        return None
    return Figure(
        "footprint",
        "Accuracy against footprint",
        captions.joined(
            "Test accuracy of the network read back from its packed file against its payload, one panel a model, on "
            "one scale. Grey steps: Pareto front of the means. Dashed line and band: the original. Hollow grey: "
            "controls.",
            captions.seeds(study),
            captions.seed_interval(),
            "Tests: see the verdicts.",
            captions.version(study),
        ),
        "Scatter plot of top-1 accuracy against payload in kilobytes; every point is a row of the table of results.",
        partial(paint, study, "payload_bytes", "Payload (kB, log scale)"),
        ("results",),
        tools="footprint",
    )
