"""MNIST: 70,000 handwritten digits, 28×28, gray; torchvision downloads it (11 MB)."""

from __future__ import annotations

import numpy as np

from bench.data._torchvision import TorchvisionSource

MIRROR = "https://ossci-datasets.s3.amazonaws.com/mnist"


class Mnist(TorchvisionSource):
    """Y. LeCun, C. Cortes and C. Burges's digits (1998)."""

    name = "mnist"
    title = "MNIST"
    dataset = "MNIST"
    folder = "MNIST/raw"
    by_hand = "MNIST/raw"
    urls = tuple(
        f"{MIRROR}/{part}-ubyte.gz"
        for part in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
    )

    def as_images(self, data: np.ndarray) -> np.ndarray:
        """From (n, H, W)."""
        return data[:, np.newaxis]
