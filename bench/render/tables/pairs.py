"""Every two networks of one kind side by side, for the data files: what the page's panel of two shows of accuracy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

import numpy as np

from bench.analysis.pairs import pairs
from bench.analysis.study import Study
from bench.render.kit.dataset import Dataset, Field, dataset, interval, number
from bench.render.text import captions
from bench.statistics.estimate import Estimate


def build(study: Study) -> Dataset | None:
    """One row per pair of a network's variants, in the order of the plan; None if no network has two results."""
    return dataset(
        "pairs",
        "Every two methods side by side",
        captions.joined(
            f"{study.primary.title} of each variant less that of each later one, paired by seed.",
            "No pair was chosen beforehand, so that 95% intervals are not corrected and nothing is tested.",
            captions.seeds(study),
        ),
        _rows(study),
        _fields(study),
    )


def _fields(study: Study) -> Mapping[str, Field]:
    unit = study.primary.unit
    return {
        "model": Field("Name of the network.", identifies=True),
        "variant": Field("Label of A: the method's, or of what methods are compared with.", identifies=True),
        "other": Field("Label of B.", identifies=True),
        "a_less_b": Field(f"{study.primary.title} of A less that of B.", "estimate", "A − B", unit),
        "seeds": Field("In how many seeds both have a result.", "number"),
        "lowest": Field("The lowest A − B of a seed.", "number", unit=unit),
        "highest": Field("The highest A − B of a seed.", "number", unit=unit),
        "only_a": Field("Test images per training that A alone gets right.", "number"),
        "only_b": Field("Test images per training that B alone gets right.", "number"),
    }


def _rows(study: Study) -> Iterator[dict[str, Any]]:
    for model, found in pairs(study).items():
        for place, (a, b) in enumerate(combinations(found.labels, 2)):
            value, low, high = found.difference[place].tolist()
            seeds = found.seeds[place][np.isfinite(found.seeds[place])]
            row = {"model": model, "variant": a, "other": b, "seeds": len(seeds)}
            row |= interval("a_less_b", Estimate(value, low, high, len(seeds), "seed", "crossed"))
            if len(seeds):
                row |= number("lowest", float(seeds.min())) | number("highest", float(seeds.max()))
            if found.answers is not None:
                row |= number("only_a", float(found.answers[place, 1]))
                row |= number("only_b", float(found.answers[place, 2]))
            yield row
