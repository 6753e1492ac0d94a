"""ResNet-8 for small images such as 8×8 digits: 75,002 parameters for 1 channel and 10 classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.training.recipe import Recipe
from bench.zoo import layers
from bench.zoo.networks.size import require_size

if TYPE_CHECKING:
    from torch import nn

VERSION = 1
RECIPE = Recipe(  # for handwritten digits
    epochs=15,
    batch_size=64,  # images
    learning_rate=0.2,  # peak
    weight_decay=5e-4,
    label_smoothing=0.1,
    flip=False,  # a mirrored digit is no digit
    crop_padding=1,  # pixels
)


def build(channels: int, classes: int, size: int) -> nn.Module:
    """Three stages of one basic block, 16, 32 and 64 wide; subsampled, zero-padded shortcuts (option A).

    Source: Deep Residual Learning for Image Recognition, section 4.2, n = 1.

    Raises:
        InputError: images smaller than 8×8 pixels.
    """
    require_size("resnet8", size, 8)
    return layers.residual.ResNet(channels, classes, depths=(1, 1, 1), widths=(16, 32, 64), shortcut="identity")
