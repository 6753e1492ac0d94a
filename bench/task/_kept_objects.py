"""Objects and detections as arrays whose first axis counts images, for `predictions.npz`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from bench.data.objects import Detections, ImageObjects
from bench.task import Predictions

# Images have different numbers of objects: each array is as wide as the fullest image needs, and `counts` says how much
# of a row is meant. The run lengths of an image's masks stand behind one another in a row of bytes.


def of_detections(images: Sequence[Detections]) -> dict[str, np.ndarray]:
    """Arrays of n images' detections; without masks if the network finds boxes alone."""
    return {
        "counts": np.array([len(image) for image in images], np.int64),
        "labels": _rows([image.labels for image in images], np.int64),
        "scores": _rows([image.scores for image in images], np.float32),
        "boxes": _rows([image.boxes for image in images], np.float32, 4),
        **_masks([image.masks for image in images if image.masks is not None]),
    }


def detections(arrays: Predictions) -> list[Detections]:
    """What `of_detections` was given."""
    masks = _texts(arrays) if "masks" in arrays else [None] * len(arrays["counts"])
    return [
        Detections(arrays["labels"][n, :k], arrays["scores"][n, :k], arrays["boxes"][n, :k], masks[n])
        for n, k in enumerate(arrays["counts"].tolist())
    ]


def of_truth(images: Sequence[ImageObjects]) -> dict[str, np.ndarray]:
    """Arrays of n images' objects, under names that `of_detections` does not use."""
    arrays = {
        "image_ids": np.array([image.image_id for image in images], np.int64),
        "sizes": np.array([image.size for image in images], np.int64).reshape(-1, 2),
        "counts": np.array([len(image) for image in images], np.int64),
        "labels": _rows([image.labels for image in images], np.int64),
        "boxes": _rows([image.boxes for image in images], np.float64, 4),
        "areas": _rows([image.areas for image in images], np.float64),
        "crowds": _rows([image.crowds for image in images], np.bool_),
        **_masks([image.masks for image in images]),
    }
    return {f"true_{name}": array for name, array in arrays.items()}


def truth(arrays: Predictions) -> list[ImageObjects]:
    """What `of_truth` was given."""
    true = {name.removeprefix("true_"): array for name, array in arrays.items() if name.startswith("true_")}
    masks, images = _texts(true), []
    for n, k in enumerate(true["counts"].tolist()):
        height, width = true["sizes"][n].tolist()
        parts = {name: true[name][n, :k] for name in ("labels", "boxes", "areas", "crowds")}
        images.append(ImageObjects(int(true["image_ids"][n]), (height, width), **parts, masks=masks[n]))
    return images


def _rows(parts: Sequence[np.ndarray], kind: type, *shape: int) -> np.ndarray:
    rows: np.ndarray = np.zeros((len(parts), max(map(len, parts), default=0), *shape), kind)
    for row, part in zip(rows, parts, strict=True):
        row[: len(part)] = part
    return rows


def _masks(images: Sequence[tuple[bytes, ...]]) -> dict[str, np.ndarray]:
    if not images:
        return {}
    return {
        "masks": _rows([np.frombuffer(b"".join(masks), np.uint8) for masks in images], np.uint8),
        "mask_ends": _rows([np.cumsum([len(mask) for mask in masks]) for masks in images], np.int64),
    }


def _texts(arrays: Predictions) -> list[tuple[bytes, ...]]:
    texts = []
    for row, ends, count in zip(arrays["masks"], arrays["mask_ends"], arrays["counts"].tolist(), strict=True):
        places = [0, *ends[:count].tolist()]
        texts.append(tuple(row[a:b].tobytes() for a, b in pairwise(places)))
    return texts
