"""What people read of networks: the field's spelling of common architectures, other names as their users wrote them.

Data files, ids and attributes for scripts keep the profile's name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bench.analysis.study import Study, judgement

# As their papers spell them; what follows is set apart by a hyphen, as in "ResNet-20".
SPELLED = (
    "AlexNet", "CaiT", "CNN", "CoAtNet", "ConvMixer", "ConvNeXt", "CrossViT", "DeiT", "DenseNet", "EfficientNet",
    "GhostNet", "GoogLeNet", "HRNet", "Inception", "LeNet", "MaxViT", "MLP", "MLP-Mixer", "MnasNet", "MNIST",
    "MobileNet", "MobileNetV1", "MobileNetV2", "MobileNetV3", "MobileViT", "NFNet", "PyramidNet", "RegNet", "ResNet",
    "ResNeXt", "SENet", "ShuffleNet", "SqueezeNet", "SSD", "Swin", "TinyNet", "UNet", "VGG", "ViT", "Wide", "WRN",
    "Xception", "YOLO",
)  # fmt: skip
DETECTORS = {
    "fasterrcnn": "Faster R-CNN", "fcos": "FCOS", "keypointrcnn": "Keypoint R-CNN", "maskrcnn": "Mask R-CNN",
    "retinanet": "RetinaNet", "ssd300": "SSD300", "ssdlite320": "SSDLite320",
}  # fmt: skip
LIBRARIES = ("", "torchvision", "timm")  # what stands before a colon in the names of networks that are not users' own
_BY_NAME = {name.lower(): name for name in SPELLED}


def title_of(study: Study, model: str) -> str:
    """A network's title on every page, in every table, figure and caption."""
    return network_titles(study)[model]


@judgement
def network_titles(study: Study) -> dict[str, str]:
    """The titles of a study's networks by name, see `titles`."""
    return titles(study.models)


def titles(names: Sequence[str]) -> dict[str, str]:
    """By name, a title that people read; the name itself where two networks would have one title.

    >>> titles(["resnet8", "mobilenet-small"])
    {'resnet8': 'ResNet-8', 'mobilenet-small': 'MobileNet-small'}
    >>> titles(["resnet18", "timm:resnet18"])
    {'resnet18': 'resnet18', 'timm:resnet18': 'timm:resnet18'}
    """
    spelled = {name: title(name) for name in names}
    shared = list(spelled.values())
    return {name: name if shared.count(spelled[name]) > 1 else spelled[name] for name in names}


def title(name: str) -> str:
    """A network's name as people write it, if it begins with an architecture that is known.

    >>> title("resnet20"), title("wrn16_4"), title("mobilenetv2"), title("efficientnet_b0"), title("my_network")
    ('ResNet-20', 'WRN-16-4', 'MobileNetV2', 'EfficientNet-B0', 'my_network')
    >>> title("torchvision:resnet50"), title("resnets.mine:resnet50")
    ('ResNet-50', 'resnets.mine:resnet50')
    >>> title("torchvision:maskrcnn_resnet50_fpn_v2"), title("ssdlite320_mobilenet_v3_large")
    ('Mask R-CNN (ResNet-50-FPN-V2)', 'SSDLite320 (MobileNet-V3-large)')
    """
    library, _, network = name.rpartition(":")
    if library not in LIBRARIES:  # a function of the user's own
        return name
    detector, _, backbone = re.sub("_", "-", network).partition("-")
    if detector in DETECTORS and backbone:
        return f"{DETECTORS[detector]} ({title(backbone)})"
    parts = re.split(r"[-_]", network)
    spelled = [_spelled(part) for part in parts]
    if not spelled[0]:
        return name
    # A variant is a capital with a number: "b0" of EfficientNet, "bn" and "small" are words of their own.
    rest = (stem or _variant(part) for part, stem in zip(parts[1:], spelled[1:]))
    return "-".join([spelled[0], *rest])


def _spelled(part: str) -> str:
    """A word that is, or ends in a number behind, a known architecture; else empty."""
    match = re.fullmatch(r"([a-z]+?(?:v\d)?)(\d+\w*)?", part.lower())
    stem = _BY_NAME.get(match[1], "") if match else ""
    return "-".join(filter(None, (stem, match[2]))) if stem and match else ""


def _variant(part: str) -> str:
    return part.upper() if re.fullmatch(r"[a-z]{1,2}\d?|fpn", part) else part
