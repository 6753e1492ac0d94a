"""Accuracy against payload: the answer to "what is the best accuracy at the smallest footprint?"."""

from __future__ import annotations

from bench.analysis.choice import chosen_on
from bench.analysis.study import Study
from bench.render.figures._tradeoff import figure
from bench.render.kit.figure import Figure


def build(study: Study) -> Figure | None:
    """The figure; None if nothing was packed."""
    task = study.primary
    return figure(
        study, "payload_bytes", "Payload (kB, log scale)", id="footprint", title=f"{task.capital} against footprint",
        sentences=f"Test {task.noun} of the network read back from its packed file against its payload, one panel a "
        "model, on one scale. Grey steps: what is chosen at each size, on "
        f"{chosen_on(study)}. Dashed line and band: the original. Hollow grey: controls.",
        alt=f"Scatter plot of {task.running} against payload in kilobytes; every point is a row of the table of "
        "results.",
        tools="footprint",
    )  # fmt: skip
