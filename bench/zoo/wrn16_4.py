"""WideResNet-16-4 for 32×32 images: 2,748,890 parameters for 3 channels and 10 classes."""

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
    """Three stages of 2 pre-activation blocks, 64, 128 and 256 wide.

    Source: Zagoruyko and Komodakis, Wide Residual Networks (2016), table 1 with N = 2, k = 4, without dropout.

    Raises:
        InputError: images smaller than 8×8 pixels.
    """
    require_size("wrn16-4", size, 8)
    return layers.wide_residual.WideResNet(channels, classes, depth=2, widths=(16, 64, 128, 256))
