from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

Tree = Callable[..., Path]


def picture(seed: int, shape: tuple[int, ...] = (4, 4, 3)) -> np.ndarray:
    """Noise that is told from any other seed's; (H, W) gray or (H, W, 3)."""
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Builds PATH/<part>/<class>/<number>.png; every image is another one, the same at every call."""

    def build(counts: Mapping[str, Mapping[str, int]] | None = None, name: str = "photos", shape=(4, 4, 3)) -> Path:
        counts = counts or {"train": {"cat": 6, "dog": 4}, "test": {"cat": 3, "dog": 2}}
        seed = 0
        for part, classes in counts.items():
            for label, count in classes.items():
                folder = tmp_path / name / part / label
                folder.mkdir(parents=True)
                for number in range(count):
                    Image.fromarray(picture(seed, shape)).save(folder / f"{number}.png")
                    seed += 1
        return tmp_path / name

    return build


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, Any]:
    """Arguments of `bench.data.load` that suit the tiny tree."""
    return {"validation": 0.25, "probe": 3, "probe_seed": 0, "split_seed": 0, "cache": tmp_path / "cache"}
