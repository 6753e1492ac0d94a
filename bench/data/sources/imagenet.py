"""ImageNet as torchvision has it: PATH/train/<wnid>/*, PATH/val/<wnid>/*, or PATH/val/* and a list of their classes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from bench.data import class_folders
from bench.data.picture_files import class_folders as folders_of
from bench.data.picture_files import image_names, shown
from bench.data.source import ImageFiles, RawImages, Source
from bench.data.sources.folder import decoded, folder_of
from bench.errors import InputError, nearest

WNIDS = Path(__file__).parent.parent / "imagenet_wnids.txt"
NORMALISATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # as everybody's published networks have it
TRUTH, META = "ILSVRC2012_validation_ground_truth.txt", "meta.mat"
DEVKIT = ("", "ILSVRC2012_devkit_t12/data", "devkit/data", "data")  # folders below PATH that may hold both
DECIMAL = re.compile("[0-9]+")  # `str.isdecimal` is true of other scripts' digits too
LISTS = ("val.txt", "val/val.txt", "LOC_val_solution.csv")  # of file and class
LAYOUT = (
    "train/<wnid>/* and val/<wnid>/*, or val/* with the official devkit "
    f"({TRUTH} and {META}), a val.txt of lines 'file class' or a LOC_val_solution.csv in PATH"
)


class ImageNet(Source):
    """The 1,000 classes of ILSVRC 2012, sorted by their WordNet ids as in published networks' logits.

    The folder may hold a part of the classes and of their images; there are 1,000 classes in any case. Images are
    normalised by the published mean and deviation unless a profile says otherwise.
    """

    name = "imagenet"
    title = "ImageNet"
    takes = "PATH"

    def __init__(self, argument: str):
        super().__init__(argument)
        self.root = folder_of(f"imagenet:{argument}", argument)

    def stamp(self) -> Any:
        """See Source."""
        lists = [(str(file), file.stat().st_mtime_ns) for file in self._lists()]
        return [self.files().stamp(), lists]

    def read(self) -> RawImages:
        """See Source."""
        return decoded(self.files())

    def files(self) -> ImageFiles:
        """See Source."""
        train = self._by_class("train")
        test: Callable[[], Iterator[tuple[int, str]]]
        if not (self.root / "val").is_dir() or any(folders_of(self.root / "val")):
            test = partial(class_folders.walk, self.root, self._by_class("val"), may_be_empty=True)
        else:
            test = self._flat
        return ImageFiles(
            self.root,
            tuple(labels()),
            partial(class_folders.walk, self.root, train, may_be_empty=True),
            test,
            fixed_classes=True,
            normalisation=NORMALISATION,
        )

    def _by_class(self, part: str) -> list[Path | None]:
        """The folder of each class, None if missing."""
        if not self.root.is_dir():
            raise InputError(f"data source 'imagenet:{self.argument}': no folder {self.root}, expected {LAYOUT}")
        if not (self.root / part).is_dir():
            link = "; to try things out on one set of images, link the other: ln -s val train" * (part == "train")
            raise InputError(f"{self.root} has no {part}/: expected {LAYOUT}{link}")
        folders: list[Path | None] = [None] * len(labels())
        unknown = []
        for name, folder in class_folders.by_class(self.root / part).items():
            if name in labels():
                folders[labels()[name]] = folder
            else:
                unknown.append(f"{folder} is none of ImageNet's 1,000 classes, which are WordNet ids{self._near(name)}")
        if unknown:
            raise InputError(unknown[:10])
        return folders

    def _near(self, name: str) -> str:
        near = nearest(name, labels())
        return f": did you mean {near!r}?" if near and name.startswith("n") else ""

    def _flat(self) -> Iterator[tuple[int, str]]:
        """Validation images that lie in one folder, sorted by class."""
        names = image_names(self.root / "val")
        labels = self._listed(names)
        lacking = [name for name in names if name not in labels]
        if lacking:
            raise InputError(f"{shown(self.root / 'val' / lacking[0])} is in no list of classes: its class is unknown")
        for name in sorted(names, key=lambda name: (labels[name], name)):
            yield labels[name], f"val/{name}"

    def _listed(self, names: list[str]) -> Mapping[str, int]:
        for file in self._lists():
            if file.name == TRUTH:
                return self._official(file, names)
            return self._rows(file, names)
        raise InputError(f"{self.root / 'val'} has neither folders of classes nor a list of them: expected {LAYOUT}")

    def _lists(self) -> list[Path]:
        """Lists of the validation images' classes, as far as they are there; the first is used."""
        if not (self.root / "val").is_dir() or any(folders_of(self.root / "val")):
            return []
        lists = [self.root / folder / TRUTH for folder in DEVKIT] + [self.root / name for name in LISTS]
        return [file for file in lists if file.is_file()]

    def _official(self, file: Path, names: list[str]) -> Mapping[str, int]:
        """The devkit's list: a line per image, sorted by name, with an id that `meta.mat` gives a WordNet id for."""
        from scipy.io import loadmat

        if not file.with_name(META).is_file():
            raise InputError(f"{file} numbers classes as {META} beside it does, which is missing")
        synsets = loadmat(file.with_name(META), squeeze_me=True)["synsets"]
        wnids = {int(identifier): str(wnid) for identifier, wnid in zip(synsets["ILSVRC2012_ID"], synsets["WNID"])}
        numbers = [int(line) if line.isdecimal() else 0 for line in _text(file).split()]
        by_name = {}
        for name in names:
            # A part of the images may be there, so that a name's own number counts and not its place: ..._00000001.JPEG
            digits = Path(name).stem.rpartition("_")[2]
            number = int(digits) if digits.isdecimal() else 0
            if 1 <= number <= len(numbers) and wnids.get(numbers[number - 1]) in labels():
                by_name[name] = labels()[wnids[numbers[number - 1]]]
        return by_name

    def _rows(self, file: Path, names: list[str]) -> Mapping[str, int]:
        """Lists of a file and its class, a WordNet id or a label from 0 to 999."""
        images = {Path(name).stem: name for name in names}
        by_name: dict[str, int] = {}
        for line in _text(file).splitlines():
            path, wnid = _kaggles(line) if file.suffix == ".csv" else _file_and_class(line)
            name = images.get(Path(path).stem)
            if name is None:
                continue
            if wnid not in labels() and not (DECIMAL.fullmatch(wnid) and int(wnid) < len(labels())):
                raise InputError(f"{file}: {name} is of class {wnid!r}, expected a WordNet id or a label from 0 to 999")
            label = labels()[wnid] if wnid in labels() else int(wnid)
            if by_name.setdefault(name, label) != label:
                raise InputError(f"{file}: {name} is of two classes, with labels {by_name[name]} and {label}")
        return by_name


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")  # Windows' editors begin a file with a mark
    except UnicodeDecodeError as error:
        raise InputError(f"{file} is no text in UTF-8: {error}") from error


def _kaggles(line: str) -> tuple[str, str]:
    """File and class of a line of Kaggle's list, "file,class left top right bottom class left ..."."""
    path, _, boxes = line.replace('"', "").partition(",")
    return path, next(iter(boxes.split()), "")


def _file_and_class(line: str) -> tuple[str, str]:
    """File and class of a line that ends with its class, after a name that may have spaces; empty where missing."""
    cells = line.rsplit(maxsplit=1)
    return (cells[0].strip('"') if cells else ""), (cells[1] if len(cells) > 1 else "")


@cache
def labels() -> Mapping[str, int]:
    """Labels from 0 to 999 by WordNet id."""
    lines = WNIDS.read_text(encoding="utf-8").splitlines()
    return {wnid: label for label, wnid in enumerate(line for line in lines if not line.startswith("#"))}


def labels_of(wnids: Sequence[str]) -> list[int] | None:
    """The labels of classes that are called by their WordNet ids; None if one of them is called otherwise."""
    known = labels()
    return [known[wnid] for wnid in wnids] if all(wnid in known for wnid in wnids) else None
