"""Wide residual networks of pre-activation blocks (Zagoruyko and Komodakis, 2016)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn

from bench.zoo.layers.initialise import initialise


class PreActivationBlock(nn.Module):
    """Batch norm and ReLU before each of two 3×3 convolutions.

    Where the shape changes, the shortcut is a 1×1 convolution of the activated input.
    """

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs)
        self.relu1 = nn.ReLU()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.relu2 = nn.ReLU()
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.projects = stride != 1 or inputs != outputs
        self.downsample = nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False) if self.projects else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, inputs, h, w) to (n, outputs, ceil(h / stride), ceil(w / stride))."""
        activated = self.relu1(self.bn1(x))
        out = self.conv2(self.relu2(self.bn2(self.conv1(activated))))
        return out + self.downsample(activated if self.projects else x)


class WideResNet(nn.Module):
    """A 3×3 stem, three stages of pre-activation blocks, batch norm, ReLU, average pooling, a linear layer.

    Args:
        depth: blocks per stage.
        widths: of the stem and of the three stages.
    """

    def __init__(self, channels: int, classes: int, depth: int, widths: Sequence[int]):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, widths[0], 3, padding=1, bias=False)
        strides = (1, 2, 2)
        stages = (_stage(*ends, depth, stride) for ends, stride in zip(pairwise(widths), strides))
        self.layer1, self.layer2, self.layer3 = stages
        self.bn = nn.BatchNorm2d(widths[-1])
        self.relu = nn.ReLU()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(widths[-1], classes)
        initialise(self)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, channels, size, size) normalised images to (n, classes) logits."""
        out = self.layer3(self.layer2(self.layer1(self.conv1(x))))
        out = self.relu(self.bn(out))
        return self.fc(torch.flatten(self.avgpool(out), 1))


def _stage(inputs: int, outputs: int, depth: int, stride: int) -> nn.Sequential:
    first = PreActivationBlock(inputs, outputs, stride)
    return nn.Sequential(first, *(PreActivationBlock(outputs, outputs, 1) for _ in range(depth - 1)))
