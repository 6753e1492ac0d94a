"""ResNet-56 for 32×32 images (He et al., 2016): 853,018 parameters for 3 channels and 10 classes."""

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
    learning_rate=0.2,  # peak
    weight_decay=5e-4,
    label_smoothing=0.0,  # narrow as it is, it needs no softer target
    crop_padding=4,  # pixels
)


def build(channels: int, classes: int, size: int) -> nn.Module:
    """Three stages of 9 basic blocks, 16, 32 and 64 wide; subsampled, zero-padded shortcuts (option A).

    Source: Deep Residual Learning for Image Recognition, section 4.2, n = 9.

    Raises:
        InputError: images smaller than 8×8 pixels.
    """
    require_size("resnet56", size, 8)
    return layers.residual.ResNet(channels, classes, depths=(9, 9, 9), widths=(16, 32, 64), shortcut="identity")
