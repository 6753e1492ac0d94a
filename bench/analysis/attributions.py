"""Which attributions explain the networks, and what they are called."""

from __future__ import annotations

from bench.analysis.looks import Looks

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
