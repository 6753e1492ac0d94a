"""Files of a data set by number: memory-mapped, so that millions of them take no process's memory."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

ARRAYS = ("names", "ends", "kinds")


class FileList:
    """Paths of image files.

    It goes to another process as the names of two folders, and is mapped again there.

    Args:
        folder: of the cache, see `bench.data.survey`.
        root: that paths are relative to; the same files may lie elsewhere on another machine.
    """

    def __init__(self, folder: Path, root: Path):
        self.folder, self.root = folder, root
        self._names, self._ends, self._kinds = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in ARRAYS)

    def __len__(self) -> int:
        return len(self._ends)

    def __reduce__(self) -> tuple[type[FileList], tuple[Path, Path]]:
        return FileList, (self.folder, self.root)

    def path(self, number: int) -> Path:
        """Of one file."""
        start = int(self._ends[number - 1]) if number else 0
        return self.root / os.fsdecode(self._names[start : int(self._ends[number])].tobytes())

    def kind(self, number: int) -> int:
        """Bits of `bench.data.survey`."""
        return int(self._kinds[number])
