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
    of_methods = layers[layers["variant"].isin([method.label for method in study.plan.methods])]
    kept: dict[tuple[str, str], dict[str, float]] = {}
    for (model, label), stored in of_methods.groupby(["model", "variant"]):
        original = layers[(layers["model"] == model) & (layers["variant"] == ORIGINAL)]
        before = {row["name"]: tuple(row["shape"]) for row in original.to_dict("records")}
        files: list[Any] = [of_seed.to_dict("records") for _, of_seed in stored.groupby("seed")]
        seeds = [untouched(file, before) for file in files]
        weights = {name: share for name, share in seeds[0].items() if all(name in seed for seed in seeds)}
        if weights:
            kept[str(model), str(label)] = weights
    return kept
