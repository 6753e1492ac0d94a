"""CIFAR-10: 60,000 photographs of 10 classes, 32×32, colour; torchvision downloads it (170 MB)."""

from __future__ import annotations

import numpy as np

from bench.data.sources._torchvision import TorchvisionSource


class Cifar10(TorchvisionSource):
    """A. Krizhevsky, "Learning multiple layers of features from tiny images" (2009), the 10-class set."""

    name = "cifar10"
    title = "CIFAR-10"
    dataset = "CIFAR10"
    folder = "cifar-10-batches-py"

    def as_images(self, data: np.ndarray) -> np.ndarray:
        """From (n, H, W, C)."""
        return data.transpose(0, 3, 1, 2)
