"""Objects annotated in COCO's form: PATH/annotations/instances_<part>.json and PATH/<part>/*, train and test or val."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from bench.data import run_lengths
from bench.data.objects import BACKGROUND, UNUSED, ImageObjects, ObjectArrays, teaches
from bench.data.picture_files import shown
from bench.data.source import ImageFiles, RawImages, Source, listing
from bench.data.sources import _coco_file
from bench.data.sources._coco_file import AnnotatedImage, Category
from bench.data.sources.folder import TEST_FOLDERS, folder_of
from bench.errors import InputError

PUBLISHED = Path(__file__).parent.parent / "coco_categories.txt"  # "id name", of the 80 categories
FILES = re.compile(r"instances_(.+)\.json")
AS_THEY_ARE = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)  # torchvision's detectors normalise images themselves
LAYOUT = "annotations/instances_train.json with train/*, and annotations/instances_val.json (or test) with val/*"


class Coco(Source):
    """A set of the user's own in COCO's form, or COCO itself, e.g. `instances_train2017.json` with `train2017/*`.

    Labels are the ids of COCO's 80 categories where those are annotated, as in published detectors, which have 91
    outputs; other categories are counted from 1 in the order of their ids. Label 0 is the background.

    As in torchvision's references, images are left out of training if they have no annotation or no box of more than
    one pixel in width and height. Test images all stay, with all that is annotated in them.
    """

    takes = "PATH"
    version = 1

    def __init__(self, argument: str):
        super().__init__(argument)
        run_lengths.require()
        self.root = folder_of(f"coco:{argument}", argument)
        self.name = shown(self.root.name)
        self.title = f"{self.name} (COCO's form)"

    def stamp(self) -> Any:
        """See Source."""
        # The files of annotations say which images count, but take seconds to read: all that lie there are stamped.
        walked = [
            Path(folder) / name
            for part in (self._train, self._test)
            for folder, _, names in os.walk(self.root / part)
            for name in names
        ]
        return listing([self._file(self._train), self._file(self._test), *walked])

    def read(self) -> RawImages:
        """Refuses: pictures with objects are read one by one."""
        raise InputError(f"data source 'coco:{self.argument}' is always streamed: leave out streamed = false")

    def files(self) -> ImageFiles:
        """See Source."""
        return ImageFiles(
            self.root,
            self._classes,
            partial(self._walk, self._train),
            partial(self._walk, self._test),
            fixed_classes=True,
            normalisation=AS_THEY_ARE,
            objects=self._objects,
        )

    @cached_property
    def _parts(self) -> dict[str, str]:
        """The part that each file of annotations is of, and its folder of images."""
        folder = self.root / "annotations"
        if not folder.is_dir():
            raise InputError(f"data source 'coco:{self.argument}': {folder} is no folder; expected {LAYOUT}")
        parts: dict[str, str] = {}
        named = [match.group(1) for path in sorted(folder.iterdir()) if (match := FILES.fullmatch(path.name))]
        for wanted in ("train", *TEST_FOLDERS):
            fitting = [name for name in named if name.startswith(wanted)]
            if len(fitting) > 1:
                listed = ", ".join(f"instances_{shown(name)}.json" for name in fitting)
                raise InputError(f"{folder} has {listed}: leave one of them, or put one into a folder of its own")
            if fitting:
                parts[wanted] = fitting[0]
        return parts

    @property
    def _train(self) -> str:
        return self._part("train")

    @property
    def _test(self) -> str:
        return self._part(*TEST_FOLDERS)

    def _part(self, *names: str) -> str:
        part = next((self._parts[name] for name in names if name in self._parts), None)
        if part is None:
            lacking = " or ".join(f"instances_{name}*.json" for name in names)
            raise InputError(f"{self.root / 'annotations'} has no {lacking}; expected {LAYOUT}")
        if not (self.root / part).is_dir():
            raise InputError(f"{self._file(part)} has no folder of images {self.root / part}; expected {LAYOUT}")
        return part

    def _file(self, part: str) -> Path:
        return self.root / "annotations" / f"instances_{part}.json"

    @cached_property
    def _test_content(self) -> tuple[Mapping[str, Any], tuple[Category, ...]]:
        # The smaller of the two files: what needs no more than the categories does not wait for the other.
        content = _coco_file.read(self._file(self._test))
        return content, _coco_file.categories(content, self._file(self._test))

    @property
    def _categories(self) -> tuple[Category, ...]:
        return self._test_content[1]

    @cached_property
    def _labels(self) -> dict[int, int]:
        """Labels by the ids of categories."""
        if is_published(self._categories):
            return {category.id: category.id for category in self._categories}
        return {category.id: number + 1 for number, category in enumerate(self._categories)}

    @cached_property
    def _classes(self) -> tuple[str, ...]:
        """Names by label; published labels that stand for nothing are called so."""
        names = {self._labels[category.id]: category.name for category in self._categories}
        return (BACKGROUND, *(names.get(label, UNUSED.format(label)) for label in range(1, max(names) + 1)))

    @cached_property
    def _annotated(self) -> dict[str, list[tuple[int, AnnotatedImage]]]:
        """The images of both parts with the label of each, sorted by label, then by path."""
        file = self._file(self._train)
        content = _coco_file.read(file)
        categories = _coco_file.categories(content, file)
        if categories != self._categories:
            differing = sorted({*categories} ^ {*self._categories}, key=lambda category: category.id)[0]
            raise InputError(
                f"{shown(file)} and {shown(self._file(self._test).name)} differ in categories, e.g. {differing.id} "
                f"({differing.name!r})"
            )
        train = list(_coco_file.images(content, self._labels, file))
        test = list(_coco_file.images(self._test_content[0], self._labels, self._file(self._test)))
        parts = {self._train: [image for image in train if teaches(image.objects.boxes)], self._test: test}
        self._check(file, parts[self._train], test)
        self._dropped = len(train) - len(parts[self._train])
        return {
            part: sorted(((label_of(image.objects), image) for image in images), key=lambda two: (two[0], two[1].path))
            for part, images in parts.items()
        }

    def _check(self, file: Path, train: Sequence[AnnotatedImage], test: Sequence[AnnotatedImage]) -> None:
        """Refuse what could be neither learnt nor measured."""
        if not train:
            raise InputError(f"{shown(file)} has no image with an object to train on")
        if not any((~image.objects.crowds).any() for image in test):
            raise InputError(f"{shown(self._file(self._test))} has no object to be detected")
        if bool(_masks(train)) != bool(_masks(test)):
            raise InputError(f"{shown(file)} and {shown(self._file(self._test).name)}: one has masks, the other none")
        learnt = {label for image in train for label in image.objects.labels[~image.objects.crowds].tolist()}
        empty = [category for category in self._categories if self._labels[category.id] not in learnt]
        if empty and not is_published(self._categories):
            raise InputError(
                f"{shown(file)} has no object of category {empty[0].id} ({empty[0].name!r})"
                f"{f' and {len(empty) - 1:,} others' if len(empty) > 1 else ''}: annotate some, or leave it out"
            )
        self._empty = len(empty)

    def _objects(self) -> tuple[ObjectArrays, tuple[str, ...]]:
        images = [image for part in (self._train, self._test) for _, image in self._annotated[part]]
        ids = np.full(len(self._classes), -1, np.int64)
        for category_id, label in self._labels.items():
            ids[label] = category_id
        arrays = ObjectArrays.of((image.objects for image in images), ids.tolist())
        flat = sum(int((image.objects.boxes[:, 2:] <= 0).any(1).sum()) for _, image in self._annotated[self._train])
        sentences = {
            f"{self._dropped:,} training images are left out: they have no annotation, or no box of more than one "
            "pixel in width and height": self._dropped,
            f"{flat:,} training objects are left out: their boxes have no width or no height": flat,
            f"{self._empty:,} of {len(self._categories):,} categories have no training object": self._empty,
        }
        return arrays, tuple(sentence for sentence, count in sentences.items() if count)

    def _walk(self, part: str) -> Iterator[tuple[int, str]]:
        for label, image in self._annotated[part]:
            yield label, f"{part}/{image.path}"


def is_published(categories: Sequence[Category]) -> bool:
    """Whether they are COCO's 80, by id and name."""
    return [f"{category.id} {category.name}" for category in categories] == _published_lines()


def published_names() -> tuple[str, ...]:
    """Names of COCO's 80 categories."""
    return tuple(line.partition(" ")[2] for line in _published_lines())


def _published_lines() -> list[str]:
    return PUBLISHED.read_text(encoding="utf-8").splitlines()


def label_of(objects: ImageObjects) -> int:
    """The label of an image's largest object, by which the shares of classes are kept in draws; 0 of none."""
    return int(objects.labels[objects.areas.argmax()]) if len(objects) else 0


def _masks(images: Sequence[AnnotatedImage]) -> int:
    return sum(len(image.objects.masks) for image in images)
