"""MobileNetV2 with strides for 32×32 images: 2,236,682 parameters for 3 channels and 10 classes."""

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
)
STAGES = (  # expansion, channels, blocks, stride of the first: strides 1 in stem and second stage, where ImageNet has 2
    (1, 16, 1, 1),
    (6, 24, 2, 1),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


def build(channels: int, classes: int, size: int) -> nn.Module:
    """A stem, 17 inverted residual blocks, a 1×1 convolution to 1,280 channels, dropout of 0.2, a linear layer.

    Source: Sandler et al., MobileNetV2 (2018), table 2.

    Raises:
        InputError: images smaller than 8×8 pixels.
    """
    require_size("mobilenetv2", size, 8)
    features: list[nn.Module] = [layers.mobile.conv_bn_relu6(channels, 32, 3)]
    inputs = 32
    for expansion, outputs, blocks, stride in STAGES:
        for block in range(blocks):
            features.append(layers.mobile.InvertedResidual(inputs, outputs, stride if block == 0 else 1, expansion))
            inputs = outputs
    features.append(layers.mobile.conv_bn_relu6(inputs, 1280, 1))
    return layers.mobile.MobileNet(features, 1280, classes, dropout=0.2)
