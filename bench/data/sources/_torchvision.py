"""torchvision's own data sets, which torchvision downloads if it can."""

from __future__ import annotations

import os
from abc import abstractmethod
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from bench.data.download import impatient
from bench.data.source import RawImages, Source, listing
from bench.errors import InputError

ROOT_VARIABLE = "INNARDS_DATA"


class TorchvisionSource(Source):
    """A data set of torchvision, in the root folder that `INNARDS_DATA` names, or in `data/` below the current folder.

    Class attributes:
        dataset: name of torchvision's class.
        folder: of the unpacked files, below the root.
        by_hand: the folder, below the root, where torchvision finds these files when a person puts them there.
    """

    dataset: ClassVar[str]
    folder: ClassVar[str]
    by_hand: ClassVar[str] = ""

    @property
    def root(self) -> Path:
        """torchvision's root folder."""
        return Path(os.environ.get(ROOT_VARIABLE) or "data").expanduser()

    @property
    def urls(self) -> tuple[str, ...]:
        """Addresses that torchvision downloads from, as its class has them."""
        dataset = self._dataset()
        if hasattr(dataset, "mirrors"):
            return tuple(dataset.mirrors[0] + name for name, _ in dataset.resources)
        return (dataset.url,)

    @abstractmethod
    def as_images(self, data: np.ndarray) -> np.ndarray:
        """torchvision's array as (n, C, H, W)."""

    def stamp(self) -> Any:
        """See Source; missing files are downloaded first, so that the stamp is of the files that are read."""
        if not self._unpacked():
            self._open(train=True)
        return [str(self.root.resolve()), listing(self._unpacked())]

    def read(self) -> RawImages:
        """See Source."""
        train, test = self._open(train=True), self._open(train=False)
        classes = tuple(str(name) for name in train.classes)
        return RawImages(self._images(train), _labels(train), self._images(test), _labels(test), classes)

    def _unpacked(self) -> list[Path]:
        return [path for path in (self.root / self.folder).rglob("*") if path.is_file()]

    def _dataset(self) -> Any:
        """torchvision's class; importing it imports torch, which a warm cache does not need."""
        from torchvision import datasets

        return getattr(datasets, self.dataset)

    def _open(self, *, train: bool) -> Any:
        """torchvision checks unpacked files, else unpacks files that were put there by hand, else downloads."""
        dataset = self._dataset()
        try:
            with impatient():
                part = dataset(self.root, train=train, download=True)
            if len(part.data) != len(part.targets):
                raise ValueError(f"{len(part.data)} images have {len(part.targets)} labels")
        except Exception as error:  # a foreign file or a network can make torchvision raise anything
            raise InputError(self._unusable(error)) from error
        return part

    def _images(self, part: Any) -> np.ndarray:
        return np.ascontiguousarray(self.as_images(np.asarray(part.data)), dtype=np.uint8)

    def _unusable(self, error: Exception) -> str:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}".removesuffix(": ")
        by_hand = f"download {', '.join(self.urls)} by hand into {self.root / self.by_hand}"
        elsewhere = f"{ROOT_VARIABLE} names another root folder than {self.root}"
        if self._is_partly_there():
            wrong = f"{self.title}: the files in {self.root} are damaged or incomplete ({reason})"
            return f"{wrong}; delete {self.root / self.folder} and run again, or {by_hand}; {elsewhere}"
        absent = f"{self.title}: {self.root / self.folder} is not there and cannot be downloaded ({reason})"
        return f"{absent}; {by_hand}, then run again; {elsewhere}"

    def _is_partly_there(self) -> bool:
        packed = (self.root / self.by_hand / url.rpartition("/")[2] for url in self.urls)
        return bool(self._unpacked()) or any(path.exists() for path in packed)


def _labels(part: Any) -> np.ndarray:
    return np.asarray(part.targets, dtype=np.int64)
