"""Accuracy against the memory that feature maps need while an image passes through."""

from __future__ import annotations

from functools import partial

from bench.analysis.study import Study
from bench.render.figures._tradeoff import paint, points
from bench.render.kit.figure import Figure
from bench.render.text import captions


def build(study: Study) -> Figure | None:
    """The figure; None where nothing was packed."""
    if not any(points(study, model, "peak_activation_bytes") for model in study.models):
        return None
    return Figure(
        "activations",
        "Accuracy against feature-map memory",
        captions.joined(
            "Peak of the live feature maps at batch 1, by graph liveness: batch normalisation folded, ReLU and "
            "addition in place. All maps count at the method's one width (XNOR-Net: 1 bit, although its sums and "
            "shortcuts are real). Methods that change weights alone stand above one another.",
            captions.seeds(study),
            captions.seed_interval(),
            "Tests: see the verdicts.",
            captions.version(study),
        ),
        "Scatter plot of top-1 accuracy against peak activation memory; every point is a row of the table of results.",
        partial(paint, study, "peak_activation_bytes", "Peak activation memory (kB, log scale)"),
        ("results",),
    )
