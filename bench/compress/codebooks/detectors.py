"""How Martinez et al. (2021) quantise Mask R-CNN, where it isn't the rule for classifiers.

Their configuration names layers of torchvision's Mask R-CNN with a ResNet-50 FPN. Here they are found by the modules
that torchvision builds its detectors of, so that the rules hold for Faster R-CNN and other backbones too. The detectors
of one stage (RetinaNet, FCOS, SSD) were not in the paper, and go by the rules for classifiers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from torch import nn
from torchvision.models.detection import faster_rcnn, generalized_rcnn, mask_rcnn, rpn

BOX_HEAD_LENGTH = 16  # weights in a word of the first linear layer, which reads flattened maps of 7×7
FIRST_POINTWISE = "backbone.body.layer1.0.conv1"  # in networks of bottleneck blocks
FIRST_POINTWISE_WORDS = 128


@dataclass(frozen=True)
class Exceptions:
    """Weights by name that go by other rules.

    Attributes:
        float32: that are not quantised.
        lengths: weights in a word.
        words: at most, in a codebook.
    """

    float32: frozenset[str]
    lengths: dict[str, int]
    words: dict[str, int]


def exceptions(network: nn.Module) -> Exceptions:
    """The exceptions of a network's detectors of two stages; none in other networks."""
    weights = {name for name, _ in network.named_parameters()}
    kept: set[str] = set()
    lengths: dict[str, int] = {}
    words: dict[str, int] = {}
    for prefix, detector in network.named_modules():
        if not isinstance(detector, generalized_rcnn.GeneralizedRCNN):
            continue
        inner = {f"{prefix}.{name}" if prefix else name: module for name, module in detector.named_modules()}
        kept |= {weight for name, module in inner.items() for weight in _predictors(name, module)} & weights
        for name, module in inner.items():
            if isinstance(module, faster_rcnn.TwoMLPHead | faster_rcnn.FastRCNNConvFCHead):
                first = next((inner for inner, layer in module.named_modules() if isinstance(layer, nn.Linear)), None)
                lengths |= {f"{name}.{first}.weight": BOX_HEAD_LENGTH} if first else {}
        first_pointwise = f"{prefix}.{FIRST_POINTWISE}" if prefix else FIRST_POINTWISE
        if getattr(inner.get(first_pointwise), "kernel_size", None) == (1, 1):
            words[f"{first_pointwise}.weight"] = FIRST_POINTWISE_WORDS
    return Exceptions(frozenset(kept), lengths, words)


def _predictors(name: str, module: nn.Module) -> Iterator[str]:
    """Weights of the layers that stay in float32."""
    if isinstance(module, rpn.RPNHead):
        yield from (f"{name}.cls_logits.weight", f"{name}.bbox_pred.weight")
    if isinstance(module, mask_rcnn.MaskRCNNPredictor):
        yield f"{name}.mask_fcn_logits.weight"
