"""Folders of JPEGs of many sizes for tests, smooth as photographs are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

SIZES = ((60, 40), (40, 60), (48, 48), (70, 45))  # width, height


def photograph(seed: int, size: tuple[int, int] | None = None) -> Image.Image:
    """A gradient with a few blobs."""
    random = np.random.default_rng(seed)
    width, height = size or SIZES[seed % len(SIZES)]
    small = random.integers(0, 256, (5, 6, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


def tree(root: Path, counts: dict[str, dict[str, int]], size: tuple[int, int] | None = None) -> Path:
    """PART/CLASS/NUMBER.jpg; every image is another one, the same at every call."""
    seed = 0
    for part, classes in counts.items():
        for label, count in classes.items():
            folder = root / part / label
            folder.mkdir(parents=True)
            for number in range(count):
                photograph(seed, size).save(folder / f"{number}.jpg", quality=90)
                seed += 1
    return root
