"""A small MobileNet for small images such as 8×8 digits: 18,826 parameters for 1 channel and 10 classes."""

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
STAGES = ((32, 1), (64, 2), (64, 1), (128, 2))  # channels and stride of each block


def build(channels: int, classes: int, size: int) -> nn.Module:
    """A 3×3 stem of 16 channels, four depthwise separable blocks, average pooling, a linear layer.

    Source: the block of Howard et al., MobileNets (2017), figure 3.

    Raises:
        InputError: images smaller than 8×8 pixels.
    """
    require_size("mobilenet-small", size, 8)
    features: list[nn.Module] = [layers.mobile.conv_bn_relu(channels, 16, 3)]
    inputs = 16
    for outputs, stride in STAGES:
        features.append(layers.mobile.DepthwiseSeparable(inputs, outputs, stride))
        inputs = outputs
    return layers.mobile.MobileNet(features, inputs, classes)
