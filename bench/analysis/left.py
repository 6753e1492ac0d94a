"""Which weights methods left in float32 as the original has them."""

from __future__ import annotations

from typing import Any

from bench.analysis.study import Study, judgement
from bench.footprint.untouched import untouched
from bench.roles import ORIGINAL


@judgement
def left_in_float32(study: Study) -> dict[tuple[str, str], dict[str, float]]:
    """By network and method, the weights that stayed in every seed, with their share of the stored weights.

    Methods without such weights are left out, as are networks whose original has no result.
    """
    layers = study.results.layers
    if layers.empty:
        return {}
    methods = {method.label for method in study.plan.methods}
    shapes: dict[str, dict[str, tuple[int, ...]]] = {}  # of each original's weights
    files: dict[tuple[str, str], dict[int, list[Any]]] = {}  # rows of each method's files by seed
    for row in layers.to_dict("records"):
        model, label = str(row["model"]), str(row["variant"])
        if label == ORIGINAL:
            shapes.setdefault(model, {})[row["name"]] = tuple(row["shape"])
        elif label in methods:
            files.setdefault((model, label), {}).setdefault(row["seed"], []).append(row)
    kept: dict[tuple[str, str], dict[str, float]] = {}
    for (model, label), stored in sorted(files.items()):
        seeds = [untouched(rows, shapes.get(model, {})) for _, rows in sorted(stored.items())]
        weights = {name: share for name, share in seeds[0].items() if all(name in seed for seed in seeds)}
        if weights:
            kept[model, label] = weights
    return kept
