"""CIFAR-100: 60,000 photographs of 100 classes, 32×32, colour; torchvision downloads it (169 MB)."""

from __future__ import annotations

import numpy as np

from bench.data.sources._torchvision import TorchvisionSource


class Cifar100(TorchvisionSource):
    """A. Krizhevsky, "Learning multiple layers of features from tiny images" (2009), with its 100 fine labels."""

    name = "cifar100"
    title = "CIFAR-100"
    dataset = "CIFAR100"
    folder = "cifar-100-python"

    def as_images(self, data: np.ndarray) -> np.ndarray:
        """From (n, H, W, C)."""
        return data.transpose(0, 3, 1, 2)
