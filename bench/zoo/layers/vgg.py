"""Plain networks of stacked 3×3 convolutions (Simonyan and Zisserman, 2015)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from bench.zoo.layers.initialise import initialise


class VGG(nn.Module):
    """Stages of 3×3 convolutions with batch norm and ReLU, each stage ending in a 2×2 max-pool, then a linear layer.

    Args:
        stages: the widths of each stage's convolutions.
    """

    def __init__(self, channels: int, classes: int, stages: Sequence[Sequence[int]]):
        super().__init__()
        layers: list[nn.Module] = []
        for widths in stages:
            for width in widths:
                conv = nn.Conv2d(channels, width, 3, padding=1, bias=False)  # the batch norm has a shift
                layers += [conv, nn.BatchNorm2d(width), nn.ReLU()]
                channels = width
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(channels, classes)
        initialise(self)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, channels, size, size) normalised images to (n, classes) logits."""
        return self.classifier(torch.flatten(self.avgpool(self.features(x)), 1))
