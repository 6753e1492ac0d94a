"""VGG-16 with batch norm for 32×32 images: 14,724,042 parameters for 3 channels and 10 classes."""

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
    learning_rate=0.05,  # peak; without shortcuts larger ones diverge
    weight_decay=5e-4,
    label_smoothing=0.1,
    crop_padding=4,  # pixels
    cutout=8,  # pixels
)


def build(channels: int, classes: int, size: int) -> nn.Module:
    """Thirteen 3×3 convolutions with batch norm, five max-pools, and a single linear layer of 512 inputs.

    Source: Simonyan and Zisserman, Very Deep Convolutional Networks (2015), table 1, column D; the single linear layer
    as is usual for CIFAR.

    Raises:
        InputError: images smaller than 32×32 pixels.
    """
    require_size("vgg16-bn", size, 32)
    return layers.vgg.VGG(channels, classes, stages=((64, 64), (128, 128), (256,) * 3, (512,) * 3, (512,) * 3))
