"""Small pictures of test images that are streamed, for the report: decoded when they are shown, without torch."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from bench.data import _cache, pictures
from bench.data.file_list import FileList
from bench.errors import InputError
from bench.folders import Damaged

SIDE = 64  # pixels


class KeptPictures:
    """The middle of each test image, (3, 64, 64) uint8; black where a file is gone.

    Args:
        first: number of the first test image in the list.
    """

    def __init__(self, files: FileList, first: int):
        self.files, self.first = files, first

    def __len__(self) -> int:
        return len(self.files) - self.first

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(n, 3, 64, 64)."""
        return len(self), 3, SIDE, SIDE

    def __getitem__(self, chosen: int | slice | Sequence[int] | np.ndarray) -> np.ndarray:
        numbers = np.arange(self.first, len(self.files))[chosen]
        if np.ndim(numbers) == 0:
            return self._picture(int(numbers))
        return np.array([self._picture(number) for number in numbers.tolist()]).reshape(-1, 3, SIDE, SIDE)

    def whole(self, position: int, longest: int) -> np.ndarray | None:
        """One test image uncut, (3, h, w) uint8, its longer side at most so many pixels; None if its file is gone."""
        try:
            image = pictures.in_colour(pictures.read(self.files.path(self.first + position)))
        except InputError:
            return None
        shrink = min(longest / max(image.size), 1.0)
        width, height = (max(round(side * shrink), 1) for side in image.size)
        return np.asarray(image.resize((width, height), Image.Resampling.BOX)).transpose(2, 0, 1)

    def _picture(self, number: int) -> np.ndarray:
        try:
            image = pictures.in_colour(pictures.read(self.files.path(number)))
        except InputError:
            return np.zeros((3, SIDE, SIDE), np.uint8)
        return np.asarray(ImageOps.fit(image, (SIDE, SIDE), Image.Resampling.BILINEAR)).transpose(2, 0, 1)


def kept_pictures(content: str, cache: Path) -> KeptPictures | None:
    """Pictures of a data set's test images as a sequence; None if the cache does not list them or they are gone."""
    for folder in sorted((cache / "files").glob(f"{content}-*")) if content else []:
        try:
            about = _cache.read(folder).about
        except Damaged:
            continue
        root = Path(os.fsdecode(bytes.fromhex(about.get("root", ""))) or os.devnull)
        if root.is_dir():
            return KeptPictures(FileList(folder, root), int(about["train"]))
    return None
