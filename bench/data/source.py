"""What a source of images is, and how it is found by its name."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from bench.errors import InputError


@dataclass(frozen=True, eq=False)
class RawImages:
    """What a source yields, decoded.

    Attributes:
        train_images, test_images: (n, C, H, W) uint8, square.
        train_labels, test_labels: (n,) int64, indices into classes.
        classes: names by label.
    """

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    classes: tuple[str, ...]

    def arrays(self) -> dict[str, np.ndarray]:
        """The four arrays by name."""
        return {name: value for name, value in vars(self).items() if isinstance(value, np.ndarray)}

    def fingerprint(self) -> str:
        """16 hex digits of the SHA-256 over all pixels, labels and class names."""
        digest = hashlib.sha256(json.dumps(self.classes).encode())
        for name, array in self.arrays().items():
            little_endian = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
            digest.update(f"{name} {little_endian.dtype.str} {array.shape}".encode())
            digest.update(little_endian.data)
        return digest.hexdigest()[:16]


class Source(ABC):
    """A source of images; it reads nothing until it is asked.

    Args:
        argument: what follows the colon where a profile names the source.

    Attributes:
        name: short, as in file names and tables.
        title: as printed in captions.

    Class attributes:
        version: raised whenever the same files give other arrays.
        takes: what the argument is; empty where there is none.
    """

    name: str
    title: str
    version: ClassVar[int] = 1
    takes: ClassVar[str] = ""

    def __init__(self, argument: str = ""):
        self.argument = argument

    @abstractmethod
    def stamp(self) -> Any:
        """JSON that is found without decoding and changes whenever the images may have."""

    @abstractmethod
    def read(self) -> RawImages:
        """Decode everything.

        Raises:
            InputError: the images are not there, or cannot be used.
        """


def listing(files: Iterable[Path]) -> list[list[str | int]]:
    """Path, size and times of files: a stamp that needs no reading.

    The time of the last change of status is part of it, since a modification time can be set back.

    Raises:
        InputError: a file is not there, such as behind a broken link.
    """
    try:
        states = [(str(file), file.stat()) for file in files]
    except OSError as error:
        raise InputError(f"{error.filename} cannot be read ({error.strerror})") from error
    return sorted([path, state.st_size, state.st_mtime_ns, state.st_ctime_ns] for path, state in states)
