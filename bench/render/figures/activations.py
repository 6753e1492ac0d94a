"""Accuracy against the memory that feature maps need while an image passes through."""

from __future__ import annotations

from functools import partial

from bench.analysis.study import Study
from bench.render.figures._tradeoff import paint, panel_of
from bench.render.kit.figure import Figure
from bench.render.kit.prose import listed


def build(study: Study) -> Figure | None:
    """The figure; None if nothing was packed."""
    parts = [part for model in study.models if (part := panel_of(study, model, "peak_activation_bytes"))]
    if not parts:
        return None
    return Figure(
        "activations",
        f"{study.primary.capital} against feature-map memory",
        "The most memory that feature maps take while one image passes. Methods that change weights alone stand above "
        "one another.",
        f"Scatter plot of {study.primary.running} against peak activation memory; every point is a row of the "
        "table of results.",
        partial(paint, parts, "Peak activation memory (kB, log scale)"),
        ("results",),
        details="Peak of the live feature maps at batch 1, by graph liveness: batch normalisation folded, ReLU and "
        "addition in place. All maps count at the method's one width, that of most layers' inputs"
        f"{_binary(study)}. Tests: see the verdicts.",
    )


def _binary(study: Study) -> str:
    """What that width leaves out of methods with binary activations, if there are any."""
    names = [
        variant.title
        for variant in study.plan.methods
        if any(study.mean("activation_bits", model, variant.label).value == 1 for model in study.models)
    ]
    return f": 1 bit for {listed(names)}, although sums and shortcuts are real" if names else ""
