"""Networks of depthwise separable convolutions: the blocks of MobileNet and MobileNetV2, and their common frame."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from bench.zoo.layers.initialise import initialise


def conv_bn(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    """Convolution and batch norm."""
    conv = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, groups=groups, bias=False)
    return [conv, nn.BatchNorm2d(outputs)]


def conv_bn_relu(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """Convolution, batch norm and ReLU."""
    return nn.Sequential(*conv_bn(inputs, outputs, kernel, stride, groups), nn.ReLU())


def conv_bn_relu6(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """Convolution, batch norm and ReLU6."""
    return nn.Sequential(*conv_bn(inputs, outputs, kernel, stride, groups), nn.ReLU6())


class DepthwiseSeparable(nn.Module):
    """A 3×3 depthwise and a 1×1 pointwise convolution, each with batch norm and ReLU.

    Source: Howard et al., MobileNets (2017), figure 3.
    """

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.depthwise = conv_bn_relu(inputs, inputs, 3, stride, groups=inputs)
        self.pointwise = conv_bn_relu(inputs, outputs, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, inputs, h, w) to (n, outputs, ceil(h / stride), ceil(w / stride))."""
        return self.pointwise(self.depthwise(x))


class InvertedResidual(nn.Module):
    """Expand, filter depthwise, project without activation; added to the input where shapes agree.

    Source: Sandler et al., MobileNetV2 (2018), table 1 and figure 4d.
    """

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int):
        super().__init__()
        hidden = inputs * expansion
        layers = [] if expansion == 1 else [conv_bn_relu6(inputs, hidden, 1)]
        layers.append(conv_bn_relu6(hidden, hidden, 3, stride, groups=hidden))
        self.conv = nn.Sequential(*layers, *conv_bn(hidden, outputs, 1))
        self.adds_input = stride == 1 and inputs == outputs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, inputs, h, w) to (n, outputs, ceil(h / stride), ceil(w / stride))."""
        return x + self.conv(x) if self.adds_input else self.conv(x)


class MobileNet(nn.Module):
    """Blocks one after another, average pooling, and a linear layer.

    Args:
        features: stem and blocks, in order.
        width: channels of the last block.
        dropout: before the linear layer, in training.
    """

    def __init__(self, features: Sequence[nn.Module], width: int, classes: int, dropout: float = 0.0):
        super().__init__()
        self.features = nn.Sequential(*features)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(width, classes)
        initialise(self)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, channels, size, size) normalised images to (n, classes) logits."""
        return self.classifier(self.dropout(torch.flatten(self.avgpool(self.features(x)), 1)))
