"""A file of COCO's annotations, checked: what pycocotools would read wrongly, or beyond its memory, ends here."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from bench.data import run_lengths
from bench.data.objects import ImageObjects
from bench.data.picture_files import shown
from bench.errors import InputError

MOST = 20  # mistakes that are listed
LARGEST = 2**15  # side of an image, pixels: coordinates beyond it make pycocotools fill gigabytes
OUTSIDE = 1.0  # pixels by which boxes and polygons may reach over an image's edge: annotations are rounded
LARGEST_ID = 2**53  # of images, annotations and categories; all that JSON keeps whole
QUOTED = 60  # characters of a wrong value


@dataclass(frozen=True)
class Category:
    """A category of objects, as its file has it."""

    id: int
    name: str


@dataclass(frozen=True)
class AnnotatedImage:
    """An image of the file, and its objects.

    Attributes:
        path: of its file, relative to the folder of images.
    """

    path: str
    objects: ImageObjects


class _Wrong(Exception):
    """One mistake, as a clause that follows what it is in."""


def read(file: Path) -> Mapping[str, Any]:
    """The content of a file of annotations, of which only the outermost form is checked.

    Raises:
        InputError: it cannot be read, is no JSON, or lacks one of its lists.
    """
    try:
        content = json.loads(file.read_bytes())
    except OSError as error:
        raise InputError(f"{shown(file)} cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deep" if isinstance(error, RecursionError) else error
        raise InputError(f"{shown(file)} is no JSON file of annotations: {reason}") from error
    for key in ("images", "annotations", "categories"):
        value = content.get(key) if isinstance(content, dict) else None
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            raise InputError(
                f"{shown(file)} has no list {key!r} of objects: COCO's form is "
                '{"images": [...], "annotations": [...], "categories": [...]}'
            )
    return content


def categories(content: Mapping[str, Any], file: Path) -> tuple[Category, ...]:
    """The categories of a file by their ids.

    Raises:
        InputError: there are none, or an id or name is missing, wrong or used twice.
    """
    problems = _Problems(file)
    listed: list[Category] = []
    for number, entry in enumerate(content["categories"]):
        with problems.of(f"category {number + 1} of its list"):
            category = Category(_id(entry, "id"), _text(entry, "name"))
            _unused(category.id, {other.id for other in listed}, "id")
            _unused(category.name, {other.name for other in listed}, "name")
            listed.append(category)
    problems.end()
    if not listed:
        raise InputError(f"{shown(file)} has no categories")
    return tuple(sorted(listed, key=lambda category: category.id))


def images(content: Mapping[str, Any], labels: Mapping[int, int], file: Path) -> Iterator[AnnotatedImage]:
    """The images of a file with their objects, in the order of their ids.

    Args:
        labels: by category id.

    Raises:
        InputError: at the end, or after twenty of them: everything that is wrong with single entries.
    """
    problems = _Problems(file)
    declared, paths = _declared(content["images"], problems)
    by_image = _by_image(content["annotations"], declared, labels, problems)
    problems.end()
    has_masks = any(entry.get("segmentation") for entries in by_image.values() for entry in entries)
    for image_id in sorted(declared):
        size = declared[image_id]
        objects = [_object(entry, size, labels, problems, has_masks=has_masks) for entry in by_image.get(image_id, [])]
        problems.stop_if_many()
        if not problems.sentences:
            yield AnnotatedImage(paths[image_id], _together(image_id, size, [one for one in objects if one]))
    problems.end()


class _Problems:
    """What is wrong with a file, one sentence each."""

    def __init__(self, file: Path):
        self.file, self.sentences = file, list[str]()

    @contextmanager
    def of(self, what: str) -> Iterator[None]:
        """Say of which entry a mistake is."""
        try:
            yield
        except _Wrong as wrong:
            self.sentences.append(f"{shown(self.file)}: {what} {wrong}")
            self.stop_if_many()

    def stop_if_many(self) -> None:
        if len(self.sentences) >= MOST:
            raise InputError([*self.sentences[:MOST], f"{shown(self.file)}: there may be more mistakes"])

    def end(self) -> None:
        if self.sentences:
            raise InputError(self.sentences)


def _declared(
    entries: Sequence[Mapping[str, Any]], problems: _Problems
) -> tuple[dict[int, tuple[int, int]], dict[int, str]]:
    """Height and width, and the path, of each image by its id."""
    sizes: dict[int, tuple[int, int]] = {}
    paths: dict[int, str] = {}
    used: set[str] = set()
    for number, entry in enumerate(entries):
        with problems.of(f"image {_name(entry, number)}"):
            image_id, path = _id(entry, "id"), _path(entry)
            _unused(image_id, sizes, "id")
            _unused(path, used, "file_name")
            sizes[image_id] = _side(entry, "height"), _side(entry, "width")
            paths[image_id] = path
            used.add(path)
    return sizes, paths


def _by_image(
    entries: Sequence[Mapping[str, Any]], declared: Mapping[int, Any], labels: Mapping[int, int], problems: _Problems
) -> dict[int, list[Mapping[str, Any]]]:
    """Annotations by their images' ids."""
    by_image: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
    used: set[int] = set()
    for number, entry in enumerate(entries):
        with problems.of(f"annotation {_name(entry, number)}"):
            own = _id(entry, "id")
            _unused(own, used, "id")
            used.add(own)
            image_id, category_id = _id(entry, "image_id"), _id(entry, "category_id")
            if image_id not in declared:
                raise _Wrong(f"is of image {image_id}, which the file doesn't list")
            if category_id not in labels:
                raise _Wrong(f"is of category {category_id}, which the file doesn't list")
            by_image[image_id].append(entry)
    return by_image


@dataclass(frozen=True)
class _Object:
    label: int
    box: tuple[float, ...]
    area: float
    crowd: bool
    mask: bytes | None


def _object(
    entry: Mapping[str, Any],
    size: tuple[int, int],
    labels: Mapping[int, int],
    problems: _Problems,
    *,
    has_masks: bool,
) -> _Object | None:
    with problems.of(f"annotation {entry['id']}"):
        box = _box(entry, *size)
        mask = _mask(entry, *size) if has_masks else None
        area = entry.get("area")
        if area is None:
            area = float(run_lengths.areas([mask], *size)[0]) if mask is not None else box[2] * box[3]
        if not _is_number(area) or area < 0:
            raise _Wrong(f"has the area {_quoted(area)}, which is no number of square pixels")
        crowd = entry.get("iscrowd", 0)
        if crowd not in (0, 1) or isinstance(crowd, float):
            raise _Wrong(f"has iscrowd {_quoted(crowd)}, which must be 0 or 1")
        return _Object(labels[entry["category_id"]], box, float(area), bool(crowd), mask)
    return None


def _together(image_id: int, size: tuple[int, int], objects: Sequence[_Object]) -> ImageObjects:
    return ImageObjects(
        image_id,
        size,
        labels=np.array([one.label for one in objects], np.int64),
        boxes=np.array([one.box for one in objects], np.float64).reshape(-1, 4),
        areas=np.array([one.area for one in objects], np.float64),
        crowds=np.array([one.crowd for one in objects], np.bool_),
        masks=tuple(one.mask for one in objects if one.mask is not None),
    )


def _box(entry: Mapping[str, Any], height: int, width: int) -> tuple[float, ...]:
    box = entry.get("bbox")
    if not isinstance(box, list) or len(box) != 4 or not all(map(_is_number, box)):
        raise _Wrong(f"has the bbox {_quoted(box)}, which must be four numbers: x, y, width, height in pixels")
    x, y, wide, high = map(float, box)
    if wide < 0 or high < 0:
        raise _Wrong(f"has the bbox {_quoted(box)} of negative width or height")
    if min(x, y) < -OUTSIDE or x + wide > width + OUTSIDE or y + high > height + OUTSIDE:
        raise _Wrong(f"has the bbox {_quoted(box)}, which reaches out of its image of {width}×{height} pixels")
    return x, y, wide, high


def _mask(entry: Mapping[str, Any], height: int, width: int) -> bytes:
    """Compressed run lengths of a segmentation."""
    segmentation = entry.get("segmentation")
    if not segmentation:
        raise _Wrong("has no segmentation, which others have: give all of them one, or none")
    if isinstance(segmentation, dict):
        return _run_lengths(segmentation, height, width)
    if not isinstance(segmentation, list):
        raise _Wrong(f"has the segmentation {_quoted(segmentation)}, which must be polygons or run lengths")
    for polygon in segmentation:
        if not isinstance(polygon, list) or not all(map(_is_number, polygon)):
            raise _Wrong(f"has the polygon {_quoted(polygon)}, which must be a list of numbers x, y, x, y, ...")
        if len(polygon) < 6 or len(polygon) % 2:
            raise _Wrong(f"has a polygon of {len(polygon)} numbers, which must be x and y of three points or more")
        x, y = polygon[::2], polygon[1::2]
        if min(polygon) < -OUTSIDE or max(x) > width + OUTSIDE or max(y) > height + OUTSIDE:
            raise _Wrong(f"has a polygon that reaches out of its image of {width}×{height} pixels")
    return run_lengths.of_polygons(segmentation, height, width)


def _run_lengths(segmentation: Mapping[str, Any], height: int, width: int) -> bytes:
    size, counts = segmentation.get("size"), segmentation.get("counts")
    if size != [height, width]:
        raise _Wrong(f"has run lengths of size {_quoted(size)}, its image has height and width [{height}, {width}]")
    try:
        run_lengths.checked_counts(counts, height, width)
    except ValueError as error:
        raise _Wrong(f"has broken run lengths: {error}") from error
    assert isinstance(counts, list | str)
    return run_lengths.of_counts(counts, height, width)


def _path(entry: Mapping[str, Any]) -> str:
    path = _text(entry, "file_name")
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts or "\0" in path:
        raise _Wrong(f"has the file_name {_quoted(path)}, which must lie in the folder of images")
    return str(parts)


def _side(entry: Mapping[str, Any], key: str) -> int:
    side = entry.get(key)
    if type(side) is not int or not 0 < side <= LARGEST:
        raise _Wrong(f"has the {key} {_quoted(side)}, which must be a whole number of pixels from 1 to {LARGEST:,}")
    return side


def _id(entry: Mapping[str, Any], key: str) -> int:
    value = entry.get(key)
    if type(value) is not int or not 0 <= value <= LARGEST_ID:
        raise _Wrong(f"has the {key} {_quoted(value)}, which must be a whole number from 0 on")
    return value


def _text(entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not value.strip() or shown(value) != value:
        raise _Wrong(f"has the {key} {_quoted(value)}, which must be a text without control characters")
    return value


def _unused(value: Any, used: Any, key: str) -> None:
    if value in used:
        raise _Wrong(f"has the {key} {_quoted(value)} of another one")


def _is_number(value: Any) -> bool:
    """Whether it is a finite number that a float holds."""
    if type(value) is int:
        return abs(value) <= LARGEST_ID
    return type(value) is float and math.isfinite(value)


def _name(entry: Mapping[str, Any], number: int) -> str:
    """What to call an entry: its id, or its position where it has none."""
    value = entry.get("id")
    return str(value) if type(value) is int and abs(value) <= LARGEST_ID else f"{number + 1} of its list"


def _quoted(value: Any) -> str:
    text = shown(json.dumps(value, ensure_ascii=False))
    return text if len(text) <= QUOTED else f"{text[:QUOTED]}..."
