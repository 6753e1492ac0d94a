"""Any tree of square images of one size: PATH/train/<class>/*, PATH/test/<class>/* (or PATH/val/<class>/*)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from bench.data.picture_files import EXTENSIONS, class_folders, image_files, shown
from bench.data.source import RawImages, Source, listing
from bench.errors import InputError, nearest

TEST_FOLDERS = ("test", "val")  # the first that exists

Tree = Mapping[str, list[Path]]  # image files by class, both sorted


class Folder(Source):
    """A folder of images; hidden files and other files than images are ignored."""

    takes = "PATH"
    version = 3

    def __init__(self, argument: str):
        super().__init__(argument)
        try:
            self.root = Path(argument).expanduser().resolve()  # holds train/ and test/
            self.root.is_dir()
        except (OSError, RuntimeError, ValueError) as error:  # a name that is too long, ~ of nobody, a loop of links
            reason = getattr(error, "strerror", None) or error
            raise InputError(f"data source 'folder:{argument[:80]}' is no folder: {reason}") from error
        self.name = shown(self.root.name)
        self.title = f"{self.name} (folder of images)"

    def stamp(self) -> Any:
        """See Source."""
        return listing(_files(self.train) + _files(self.test))

    def read(self) -> RawImages:
        """See Source."""
        from bench.data.sources._decode import decode  # needs PIL, which a warm cache does not

        # Train and test are decoded together: they must agree in size, and if one file has colour all of them do.
        images, notices = decode(_files(self.train) + _files(self.test))
        train, test = np.split(images, [len(_files(self.train))])
        return RawImages(train, _labels(self.train), test, _labels(self.test), tuple(self.train), notices)

    @cached_property
    def train(self) -> Tree:
        """Training files by class."""
        if not self.root.is_dir():
            raise InputError(
                f"data source 'folder:{self.argument}': there is no folder {self.root}; put images there, as "
                "train/<class>/* and test/<class>/*, or name another source in the profile's [data]"
            )
        tree = _tree(self._part("train"))
        if len(tree) < 2:
            raise InputError(f"{self.root / 'train'} needs at least 2 class folders, it has {len(tree)}")
        return tree

    @cached_property
    def test(self) -> Tree:
        """Test files by class, the same classes as in training."""
        part = self._part(*TEST_FOLDERS)
        tree = _tree(part)
        unknown = [
            f"{part / name} is of a class that train/ lacks{_nearest(name, self.train)}"
            for name in tree
            if name not in self.train
        ]
        lacking = [f"class {name!r} of train/ has no folder in {part}" for name in self.train if name not in tree]
        if unknown or lacking:
            raise InputError(unknown + lacking)
        return tree

    def _part(self, *names: str) -> Path:
        for name in names:
            if (self.root / name).is_dir():
                return self.root / name
        expected = " or ".join(f"{name}/" for name in names)
        content = ", ".join(sorted(shown(path.name) for path in self.root.iterdir())[:10]) or "nothing"
        raise InputError(f"{self.root} has no {expected} with a folder of images a class; it holds {content}")


def _tree(part: Path) -> Tree:
    tree: dict[str, list[Path]] = {}
    for folder in class_folders(part):
        # Reports, LaTeX and XML cannot hold every byte that a folder's name may have.
        name = shown(folder.name)
        if name in tree:
            raise InputError(f"two class folders of {part} are called {name!r}: rename one")
        tree[name] = image_files(folder)
    empty = [f"class {name!r} is empty: {part / name} holds no image ({_kinds()})" for name in tree if not tree[name]]
    if empty:
        raise InputError(empty)
    return tree


def _kinds() -> str:
    return ", ".join(sorted(EXTENSIONS))


def _nearest(name: str, classes: Iterable[str]) -> str:
    near = nearest(name, classes)
    return f": did you mean {near!r}?" if near is not None else ""


def _files(tree: Tree) -> list[Path]:
    return [file for files in tree.values() for file in files]


def _labels(tree: Tree) -> np.ndarray:
    return np.repeat(np.arange(len(tree), dtype=np.int64), [len(files) for files in tree.values()])
