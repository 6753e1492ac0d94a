"""Which attributions explain the networks, and what they are called."""

from __future__ import annotations

from math import isfinite

from bench.analysis.looks import Looks
from bench.roles import OTHER_SEED

DIAGNOSTIC = "attributions"
TITLES = {
    "integrated-gradients": "Integrated gradients",
    "grad-cam": "Grad-CAM",
    "saliency": "Saliency",
    "smoothgrad": "SmoothGrad",
    "occlusion": "Occlusion",
    "guided-backprop": "Guided backpropagation",
    "lrp": "LRP",
}


def attributions(looks: Looks) -> list[str]:
    """The attributions that any network could be explained by, in the profile's order."""
    return [name for name in looks.settings.get("methods", ()) if looks.has(f"{name}.spearman")]


def nearer_than_another_seed(looks: Looks, attribution: str, model: str) -> tuple[int, int] | None:
    """For how many methods, of all that were looked into, explanations agree with the original's more than a second
    training's do, by their means over seeds; None if either is unknown."""
    metric = f"{attribution}.spearman"
    unit = looks.mean(metric, model, OTHER_SEED).value
    values = [looks.mean(metric, model, variant.label).value for variant in looks.variants if not variant.control]
    known = [value for value in values if isfinite(value)]
    if not isfinite(unit) or not known:
        return None
    return sum(value > unit for value in known), len(known)
