"""scikit-learn's handwritten digits: 1,797 real images, 8×8, gray, embedded (no download)."""

from __future__ import annotations

from importlib import metadata
from typing import Any

import numpy as np

from bench.data import split
from bench.data.source import RawImages, Source

TEST_SHARE = 1 / 3  # scikit-learn does not divide the set
TEST_SEED = 0
BRIGHTEST = 16  # a pixel is the number of dark ones in a field of 4×4


class Digits(Source):
    """E. Alpaydin and C. Kaynak's optical digits (UCI, 1998) as scikit-learn has them, with one fixed test set."""

    name = "digits"
    title = "Digits (scikit-learn, 8×8)"

    def stamp(self) -> Any:
        """See Source."""
        return {"scikit-learn": metadata.version("scikit-learn")}

    def read(self) -> RawImages:
        """See Source."""
        from sklearn.datasets import load_digits  # takes a second, which a warm cache does not need

        digits = load_digits()
        images = np.rint(digits.images * (255 / BRIGHTEST)).astype(np.uint8)[:, np.newaxis]
        labels = digits.target.astype(np.int64)
        classes = tuple(str(name) for name in digits.target_names)
        test = split.hold_out(labels, TEST_SHARE, TEST_SEED, classes)
        train = np.setdiff1d(np.arange(len(labels)), test)
        return RawImages(images[train], labels[train], images[test], labels[test], classes)
