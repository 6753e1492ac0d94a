"""A small network and images that the questions of the library are put to."""

import pytest
import torch
from torch import nn


def _make(seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        parts = [nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(inplace=True)]
        return nn.Sequential(*parts, nn.Conv2d(8, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(288, 4)).eval()


@pytest.fixture
def make():
    """Small networks by seed: two blocks of feature maps and a classifier."""
    return _make


@pytest.fixture
def images():
    return torch.randn(40, 3, 8, 8, generator=torch.Generator().manual_seed(0))
