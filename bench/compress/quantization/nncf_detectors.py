"""What of torchvision's detectors NNCF is to leave alone: images on their way in, boxes and masks on their way out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench.nncf_runtime import nncf

from torch import nn
from torchvision.models import detection
from torchvision.models.detection.anchor_utils import AnchorGenerator, DefaultBoxGenerator
from torchvision.models.detection.generalized_rcnn import GeneralizedRCNN
from torchvision.models.detection.roi_heads import RoIHeads
from torchvision.models.detection.rpn import RegionProposalNetwork
from torchvision.models.detection.transform import GeneralizedRCNNTransform
from torchvision.ops import MultiScaleRoIAlign

WHOLE = (GeneralizedRCNNTransform, AnchorGenerator, DefaultBoxGenerator, MultiScaleRoIAlign)
# these compute with boxes themselves, and their parts with feature maps
THEMSELVES = (GeneralizedRCNN, RegionProposalNetwork, RoIHeads, detection.FCOS, detection.RetinaNet, detection.ssd.SSD)


def is_detector(network: nn.Module) -> bool:
    """Whether torchvision's detectors are part of it."""
    return any(isinstance(module, GeneralizedRCNNTransform) for module in network.modules())


def ignored(network: nn.Module) -> nncf.IgnoredScope | None:
    """Operations on coordinates and on images, as NNCF names them; None if the network is no detector."""
    patterns = []
    for name, module in network.named_modules():
        path = re.escape(name.replace(".", "/"))
        if isinstance(module, WHOLE):
            patterns.append(rf"{path}/.*")
        elif isinstance(module, THEMSELVES):
            patterns.append(rf"{path}/[^/]+/[^/]+$")  # NNCF matches the beginning
    return nncf.IgnoredScope(patterns=patterns, validate=False) if is_detector(network) else None


@contextmanager
def without_pasting(network: nn.Module) -> Iterator[None]:
    """Leave masks as detectors find them, at 28×28 pixels."""
    # Each mask is pasted into its image by operations of its own. Those of a hundred took NNCF minutes to record, since
    # each of its graph's nodes is compared with all others, and no quantiser has anything to do there.
    for module in network.modules():
        if isinstance(module, GeneralizedRCNNTransform):
            module.postprocess = _as_found
    try:
        yield
    finally:
        pasting(network)


def pasting(network: nn.Module) -> nn.Module:
    """The network, which pastes masks again: NNCF may have copied one that doesn't."""
    for module in network.modules():
        if isinstance(module, GeneralizedRCNNTransform):
            vars(module).pop("postprocess", None)
    return network


def _as_found(detections: Any, *_: Any) -> Any:
    return detections
