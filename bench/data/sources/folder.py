"""Any tree of images: PATH/train/<class>/*, PATH/test/<class>/* (or PATH/val/<class>/*)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from bench.data import class_folders
from bench.data.picture_files import shown
from bench.data.source import ImageFiles, RawImages, Source
from bench.errors import InputError, nearest

TEST_FOLDERS = ("test", "val")  # the first that exists


class Folder(Source):
    """A folder of images; hidden files and other files than images are ignored.

    Square images of one size that fit into memory are decoded at once; all others are streamed.
    """

    takes = "PATH"
    version = 3

    def __init__(self, argument: str):
        super().__init__(argument)
        self.root = folder_of(f"folder:{argument}", argument)  # holds train/ and test/
        self.name = shown(self.root.name)
        self.title = f"{self.name} (folder of images)"

    def stamp(self) -> Any:
        """See Source."""
        return self.files().stamp()

    def read(self) -> RawImages:
        """See Source."""
        return decoded(self.files())

    def files(self) -> ImageFiles:
        """See Source."""
        train, test = ([folders[name] for name in self._train] for folders in (self._train, self._test))
        return ImageFiles(
            self.root,
            tuple(self._train),
            partial(class_folders.walk, self.root, train),
            partial(class_folders.walk, self.root, test),
        )

    @cached_property
    def _train(self) -> dict[str, Path]:
        """Training folders by class."""
        if not self.root.is_dir():
            raise InputError(
                f"data source 'folder:{self.argument}': there is no folder {self.root}; put images there, as "
                "train/<class>/* and test/<class>/*, or name another source in the profile's [data]"
            )
        folders = class_folders.by_class(class_folders.part_of(self.root, "train"))
        if len(folders) < 2:
            raise InputError(f"{self.root / 'train'} needs at least 2 class folders, it has {len(folders)}")
        return folders

    @cached_property
    def _test(self) -> dict[str, Path]:
        """Test folders by class, the same classes as in training."""
        part = class_folders.part_of(self.root, *TEST_FOLDERS)
        folders = class_folders.by_class(part)
        unknown = [
            class_folders.emptiness(folders[name])
            or f"{part / name} is of a class that train/ lacks{_nearest(name, self._train)}"
            for name in folders
            if name not in self._train
        ]
        lacking = [
            class_folders.emptiness(folder) or f"class {name!r} of train/ has no folder in {part}"
            for name, folder in self._train.items()
            if name not in folders
        ]
        if unknown or lacking:
            raise InputError(unknown + lacking)
        return folders


def folder_of(source: str, argument: str) -> Path:
    """The folder that a source names, absolute; it need not exist.

    Raises:
        InputError: it can be no folder's name.
    """
    try:
        root = Path(argument).expanduser().resolve()
        root.is_dir()
    except (OSError, RuntimeError, ValueError) as error:  # a name that is too long, ~ of nobody, a loop of links
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"data source {source[:90]!r} is no folder: {reason}") from error
    return root


def decoded(files: ImageFiles) -> RawImages:
    """All images at once, which must be squares of one size."""
    from bench.data.sources._decode import decode  # needs PIL, which a warm cache does not

    # Train and test are decoded together: they must agree in size, and if one file has colour all of them do.
    train, test = list(files.train()), list(files.test())
    images, notices = decode([files.root / path for _, path in [*train, *test]])
    labels = [np.array([label for label, _ in part], dtype=np.int64) for part in (train, test)]
    return RawImages(images[: len(train)], labels[0], images[len(train) :], labels[1], files.classes, notices)


def _nearest(name: str, classes: Iterable[str]) -> str:
    near = nearest(name, classes)
    return f": did you mean {near!r}?" if near is not None else ""
