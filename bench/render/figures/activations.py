"""Accuracy against the memory that feature maps need while an image passes through."""

from __future__ import annotations

from bench.analysis.study import Study
from bench.render.figures._tradeoff import figure
from bench.render.kit.figure import Figure


def build(study: Study) -> Figure | None:
    """The figure; None if nothing was packed."""
    return figure(
        study, "peak_activation_bytes", "Peak activation memory (kB, log scale)", id="activations",
        title=f"{study.primary.capital} against feature-map memory",
        sentences="Peak of the live feature maps at batch 1, by graph liveness: batch normalisation folded, ReLU and "
        "addition in place. All maps count at the method's one width (XNOR-Net: 1 bit, although its sums and "
        "shortcuts are real). Methods that change weights alone stand above one another.",
        alt=f"Scatter plot of {study.primary.running} against peak activation memory; every point is a row of the "
        "table of results.",
    )  # fmt: skip
