"""MNIST: 70,000 handwritten digits, 28×28, gray; torchvision downloads it (11 MB)."""

from __future__ import annotations

import numpy as np

from bench.data.sources._torchvision import TorchvisionSource


class Mnist(TorchvisionSource):
    """Y. LeCun, C. Cortes and C. Burges's digits (1998)."""

    name = "mnist"
    title = "MNIST"
    dataset = "MNIST"
    folder = "MNIST/raw"
    by_hand = "MNIST/raw"

    def as_images(self, data: np.ndarray) -> np.ndarray:
        """From (n, H, W)."""
        return data[:, np.newaxis]
