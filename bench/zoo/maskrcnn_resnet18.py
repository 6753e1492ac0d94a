"""Mask R-CNN with a ResNet-18 FPN, for CPUs: 12,470,347 parameters for 3 channels and 10 classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.training.recipe import Recipe
from bench.zoo import layers
from bench.zoo.networks.size import require_size

if TYPE_CHECKING:
    from torch import nn

VERSION = 1
TASK = "detection"
# torchvision's references for COCO train 26 epochs of SGD without Nesterov's momentum, at 0.02 for 16 images a step.
RECIPE = Recipe(
    epochs=26,
    batch_size=4,  # images
    learning_rate=0.005,  # peak
    warmup=0.02,
    weight_decay=1e-4,
    decay="all",
    nesterov=False,
    schedule="cosine",
    label_smoothing=0.0,
    crop_padding=0,  # pixels
    resize=128,  # pixels, of the shorter side
)


def build(channels: int, classes: int, size: int) -> nn.Module:
    """torchvision's ResNet-18 with a pyramid of 64 channels, a box head of 256 and a mask head of 64.

    Source: Mask R-CNN (He et al., 2017) and Feature Pyramid Networks (Lin et al., 2017), a quarter as wide.

    Args:
        classes: with the background, label 0.
        size: to which the shorter side of images is resized, pixels.

    Raises:
        InputError: images smaller than 32×32 pixels.
    """
    require_size("maskrcnn-resnet18", size, 32)
    return layers.mask_rcnn.resnet18_fpn(channels, classes, size, width=64, box_width=256)
