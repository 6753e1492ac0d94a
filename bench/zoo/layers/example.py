"""The network of PyTorch's MNIST example."""

from __future__ import annotations

import torch
from torch import nn


class ExampleNetwork(nn.Module):
    """Two convolutions and two linear layers.

    Args:
        size: side of the images, pixels, on which the width of the first linear layer depends.
    """

    def __init__(self, channels: int, classes: int, size: int):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 32, 3)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(32, 64, 3)
        self.relu2 = nn.ReLU()
        self.pool = nn.MaxPool2d(2)
        self.dropout1 = nn.Dropout2d(0.25)
        self.fc1 = nn.Linear(64 * ((size - 4) // 2) ** 2, 128)
        self.relu3 = nn.ReLU()
        self.dropout2 = nn.Dropout(0.5)
        self.fc2 = nn.Linear(128, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, channels, size, size) normalised images to (n, classes) logits."""
        x = self.relu2(self.conv2(self.relu1(self.conv1(x))))
        x = torch.flatten(self.dropout1(self.pool(x)), 1)
        return self.fc2(self.dropout2(self.relu3(self.fc1(x))))
