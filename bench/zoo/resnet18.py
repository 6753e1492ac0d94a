"""ResNet-18 with a stem for 32×32 images: 11,173,962 parameters for 3 channels and 10 classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.training.recipe import Recipe
from bench.zoo import layers
from bench.zoo.networks.size import require_size

if TYPE_CHECKING:
    from torch import nn

VERSION = 1
RECIPE = Recipe(
    epochs=200,
    batch_size=128,  # images
    learning_rate=0.1,  # peak
    weight_decay=5e-4,
    label_smoothing=0.1,
    crop_padding=4,  # pixels
    cutout=8,  # pixels
)


def build(channels: int, classes: int, size: int) -> nn.Module:
    """Four stages of 2 basic blocks, 64 to 512 wide, 1×1 convolutions as shortcuts; no pooling in the stem.

    Source: Deep Residual Learning for Image Recognition, table 1, with a 3×3 first convolution of stride 1 instead of
    7×7 and max-pooling, as is usual for CIFAR.

    Raises:
        InputError: images smaller than 8×8 pixels.
    """
    require_size("resnet18", size, 8)
    return layers.residual.ResNet(
        channels, classes, depths=(2, 2, 2, 2), widths=(64, 128, 256, 512), shortcut="projection"
    )
