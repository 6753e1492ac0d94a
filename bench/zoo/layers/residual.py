"""Residual networks of basic blocks, activation after the addition (He et al., 2016)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import nn

from bench.zoo.layers.initialise import initialise

Shortcut = Literal["identity", "projection"]


class SubsampleAndPad(nn.Module):
    """Option A shortcut, without parameters: every stride-th pixel, and zeros for the new channels on both sides."""

    def __init__(self, stride: int, new_channels: int):
        super().__init__()
        self.stride = stride
        self.before = new_channels // 2
        self.after = new_channels - self.before

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, c, h, w) to (n, c + new, ceil(h / stride), ceil(w / stride))."""
        return nn.functional.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.before, self.after))


class BasicBlock(nn.Module):
    """Two 3×3 convolutions and a shortcut; each activation is a module of its own."""

    def __init__(self, inputs: int, outputs: int, stride: int, shortcut: Shortcut):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = _shortcut(inputs, outputs, stride, shortcut)
        self.relu2 = nn.ReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, inputs, h, w) to (n, outputs, ceil(h / stride), ceil(w / stride))."""
        out = self.relu1(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        return self.relu2(out + self.downsample(x))


class ResNet(nn.Module):
    """A stem for small images (3×3, stride 1, no pooling), stages of basic blocks, average pooling, one linear layer.

    Args:
        depths: basic blocks in each stage; every stage but the first halves the resolution.
        widths: channels of each stage.
        shortcut: where the shape changes: subsampled identity (option A) or 1×1 convolution (option B).
    """

    def __init__(self, channels: int, classes: int, depths: Sequence[int], widths: Sequence[int], shortcut: Shortcut):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, widths[0], 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        self.relu = nn.ReLU()
        inputs = widths[0]
        self.stages = [f"layer{stage}" for stage in range(1, len(depths) + 1)]
        for name, depth, width in zip(self.stages, depths, widths):
            stride = 1 if name == "layer1" else 2
            self.add_module(name, _stage(inputs, width, depth, stride, shortcut))
            inputs = width
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(inputs, classes)
        initialise(self)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, channels, size, size) normalised images to (n, classes) logits."""
        out = self.relu(self.bn1(self.conv1(x)))
        for name in self.stages:
            out = getattr(self, name)(out)
        return self.fc(torch.flatten(self.avgpool(out), 1))


def _stage(inputs: int, outputs: int, depth: int, stride: int, shortcut: Shortcut) -> nn.Sequential:
    first = BasicBlock(inputs, outputs, stride, shortcut)
    return nn.Sequential(first, *(BasicBlock(outputs, outputs, 1, shortcut) for _ in range(depth - 1)))


def _shortcut(inputs: int, outputs: int, stride: int, shortcut: Shortcut) -> nn.Module:
    if stride == 1 and inputs == outputs:
        return nn.Identity()
    if shortcut == "identity":
        return SubsampleAndPad(stride, outputs - inputs)
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False), nn.BatchNorm2d(outputs))
