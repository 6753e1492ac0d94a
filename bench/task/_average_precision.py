"""Average precision of boxes and masks by pycocotools, and its parts by class and by image.

AP is the mean over classes of a class's AP, so classes are exact parts of it. It is no mean over images: one image's
detections are ranked among those of all others. What an image contributes is what the jackknife says (Efron and Stein
1981): from θ, the AP of all n images, and θ₋ᵢ, that without image i, its part is

    θ + (n - 1)·(mean of θ₋ - θ₋ᵢ).

These are the pseudo-values n·θ - (n - 1)·θ₋ᵢ, shifted so that their mean is θ itself; their variance over n is the
jackknife's variance of AP. Parts of two networks may be subtracted image by image, since the jackknife is linear in θ.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any, Literal

import numpy as np

from bench.data import run_lengths
from bench.data.objects import Detections, ImageObjects

Kind = Literal["box", "mask"]
KINDS: dict[Kind, str] = {"box": "bbox", "mask": "segm"}  # as pycocotools calls them
FIGURES = ("ap", "ap50", "ap75", "ap_small", "ap_medium", "ap_large")  # the first six of pycocotools' summary
ALL_AREAS = 0  # index of pycocotools' first range of areas


@dataclass(frozen=True, eq=False)
class _Ranked:
    """A class's detections by falling score, as pycocotools matched them at its T thresholds of overlap.

    Attributes:
        owners: (d,) position of the image of each.
        right, wrong: (T, d) bool; neither if a detection is ignored, as one that lies on a crowd.
        counts: (n,) objects of each image that can be missed.
    """

    owners: np.ndarray
    right: np.ndarray
    wrong: np.ndarray
    counts: np.ndarray

    @property
    def images(self) -> np.ndarray:
        """Positions of the images that it depends on."""
        return np.union1d(self.owners, np.flatnonzero(self.counts))

    def precision(self, recalls: np.ndarray, without: int | None = None) -> float:
        """Mean precision over thresholds of overlap and recalls; NaN if there is no object.

        Args:
            without: position of an image that is left out.
        """
        total = int(self.counts.sum()) - (0 if without is None else int(self.counts[without]))
        if not total:
            return np.nan
        right, wrong = self.right, self.wrong
        if without is not None:
            kept = self.owners != without
            right, wrong = right[:, kept], wrong[:, kept]
        hits, misses = right.cumsum(1).astype(np.float64), wrong.cumsum(1)
        precisions = hits / (hits + misses + np.spacing(1))
        # The precision at a recall is the best at that recall or any beyond; none reached counts as 0.
        best = np.maximum.accumulate(precisions[:, ::-1], axis=1)[:, ::-1]
        best = np.concatenate([best, np.zeros((len(best), 1))], axis=1)
        reached = [np.searchsorted(row, recalls, side="left") for row in hits / total]
        return float(np.mean([row[places] for row, places in zip(best, reached, strict=True)]))


class AveragePrecision:
    """How well detections match the objects of n images.

    Args:
        truth: objects of each image; their image ids differ.
        detections: of each image.
        kind: whether boxes or masks must overlap.

    Raises:
        InputError: pycocotools is not installed.
    """

    def __init__(self, truth: Sequence[ImageObjects], detections: Sequence[Detections], kind: Kind):
        run_lengths.require()
        self.images = len(truth)
        # pycocotools ranks equal scores by the ids of images, whatever the order that they come in.
        self._positions = np.argsort([image.image_id for image in truth], kind="stable")
        self._evaluated = _evaluated(truth, detections, kind)

    @cached_property
    def figures(self) -> dict[str, float]:
        """pycocotools' own: AP, AP50, AP75 and by size, each 0 to 1; NaN where no object is of that size."""
        values = [float(value) for value in self._evaluated.stats[: len(FIGURES)]]
        return {name: value if value >= 0 else np.nan for name, value in zip(FIGURES, values, strict=True)}

    @cached_property
    def per_class(self) -> Mapping[int, float]:
        """AP by label, of those that have an object; their mean is AP."""
        recalls = self._evaluated.params.recThrs
        values = {label: ranked.precision(recalls) for label, ranked in self._ranked.items()}
        return {label: value for label, value in values.items() if not np.isnan(value)}

    @cached_property
    def per_image(self) -> np.ndarray | None:
        """Each image's part of AP, (n,) float64 with AP as their mean; None if AP needs one image to be defined."""
        without = self._without_each()
        if np.isnan(without).any():
            return None
        whole = self.figures["ap"]
        return whole + (self.images - 1) * (without.mean() - without)

    @cached_property
    def per_class_and_image(self) -> Mapping[int, np.ndarray]:
        """Each image's part of a class's AP by label, (n,) float64 with the class's AP as their mean.

        All parts are that AP where it needs one image to be defined, the only one with objects of the class.
        """
        parts = {}
        for label, whole in self.per_class.items():
            without = np.full(self.images, whole)
            images, after = self._without[label]
            without[images] = after
            known = not np.isnan(after).any()
            parts[label] = (
                whole + (self.images - 1) * (without.mean() - without) if known else np.full(self.images, whole)
            )
        return parts

    def _without_each(self) -> np.ndarray:
        """AP without each image, (n,)."""
        present = self.per_class
        sums = np.full(self.images, sum(present.values()))
        counts = np.full(self.images, len(present))
        for label, before in present.items():
            images, after = self._without[label]
            counts[images] -= np.isnan(after)
            sums[images] += np.nan_to_num(after) - before
        return np.divide(sums, counts, out=np.full(self.images, np.nan), where=counts > 0)

    @cached_property
    def _without(self) -> dict[int, tuple[np.ndarray, np.ndarray]]:
        """By label of each class that has an object: images, (k,), and the class's AP without each of them, (k,)."""
        # A class's AP changes only without the images that have its objects or detections, a few of all.
        recalls = self._evaluated.params.recThrs
        return {
            label: (
                self._ranked[label].images,
                np.array([self._ranked[label].precision(recalls, without=one) for one in self._ranked[label].images]),
            )
            for label in self.per_class
        }

    @cached_property
    def _ranked(self) -> dict[int, _Ranked]:
        parameters = self._evaluated.params
        areas, most = len(parameters.areaRng), parameters.maxDets[-1]
        ranked = {}
        for number, label in enumerate(parameters.catIds):
            first = (number * areas + ALL_AREAS) * self.images
            matched = self._evaluated.evalImgs[first : first + self.images]
            by_position = dict(zip(self._positions.tolist(), matched, strict=True))
            ranked[int(label)] = _ranking(by_position, self._positions, most, len(parameters.iouThrs))
        return ranked


def _ranking(matched: Mapping[int, Any], order: np.ndarray, most: int, thresholds: int) -> _Ranked:
    """A class's matches in all images, by falling score; `order` decides among equal scores."""
    counts = np.zeros(len(order), np.int64)
    owners, scores = [np.zeros(0, np.int64)], [np.zeros(0)]
    right, wrong = [np.zeros((thresholds, 0), bool)], [np.zeros((thresholds, 0), bool)]
    for position in order.tolist():
        one = matched[position]
        if one is None:
            continue
        counts[position] = np.count_nonzero(np.asarray(one["gtIgnore"]) == 0)
        hit, ignored = one["dtMatches"][:, :most] != 0, one["dtIgnore"][:, :most] != 0
        scores.append(np.asarray(one["dtScores"][:most], np.float64))
        owners.append(np.full(len(scores[-1]), position))
        right.append(hit & ~ignored)
        wrong.append(~hit & ~ignored)
    ranks = np.argsort(-np.concatenate(scores), kind="mergesort")
    hits, misses = (np.concatenate(parts, axis=1)[:, ranks] for parts in (right, wrong))
    return _Ranked(np.concatenate(owners)[ranks], hits, misses, counts)


def _evaluated(truth: Sequence[ImageObjects], detections: Sequence[Detections], kind: Kind) -> Any:
    """pycocotools' COCOeval, with its figures."""
    images = [{"id": image.image_id, "height": image.size[0], "width": image.size[1]} for image in truth]
    # A class without an object is no part of AP, whatever is detected as one.
    labels = sorted({label for image in truth for label in image.labels.tolist()})
    objects = [entry for image in truth for entry in _objects(image, kind)]
    found = [entry for pair in zip(truth, detections, strict=True) for entry in _detections(*pair, kind)]
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints its progress
        both = [_coco(images, labels, entries) for entries in (objects, found)]
        evaluated = import_module("pycocotools.cocoeval").COCOeval(*both, KINDS[kind])
        evaluated.params.imgIds = sorted(image["id"] for image in images)
        evaluated.params.catIds = labels
        evaluated.evaluate()
        evaluated.accumulate()
        evaluated.summarize()
    return evaluated


def _coco(images: list[dict[str, Any]], labels: list[int], entries: list[dict[str, Any]]) -> Any:
    # `loadRes` would do this from results, but raises if there are none.
    coco = import_module("pycocotools.coco").COCO()
    # Ids start at 1, since pycocotools takes a match with object 0 for no match.
    numbered = [{"id": number, **entry} for number, entry in enumerate(entries, 1)]
    coco.dataset = {"images": images, "categories": [{"id": label} for label in labels], "annotations": numbered}
    coco.createIndex()
    return coco


def _objects(image: ImageObjects, kind: Kind) -> list[dict[str, Any]]:
    entries = [
        {"image_id": image.image_id, "category_id": label, "bbox": box, "area": area, "iscrowd": int(crowd)}
        for label, box, area, crowd in zip(
            image.labels.tolist(), image.boxes.tolist(), image.areas.tolist(), image.crowds.tolist(), strict=True
        )
    ]
    return _with_masks(entries, image.masks, image.size) if kind == "mask" else entries


def _detections(image: ImageObjects, detections: Detections, kind: Kind) -> list[dict[str, Any]]:
    # The area decides which unmatched detections count against small, medium or large objects: that of the box for
    # boxes and of the mask for masks, as `loadRes` has it for COCO's two files of results.
    boxes = detections.boxes.astype(np.float64)
    masks = detections.masks or ()
    areas = run_lengths.areas(masks, *image.size) if kind == "mask" else boxes[:, 2] * boxes[:, 3]
    entries = [
        {"image_id": image.image_id, "category_id": label, "bbox": box, "area": area, "score": score, "iscrowd": 0}
        for label, box, area, score in zip(
            detections.labels.tolist(), boxes.tolist(), areas.tolist(), detections.scores.tolist(), strict=True
        )
    ]
    return _with_masks(entries, masks, image.size) if kind == "mask" else entries


def _with_masks(entries: list[dict[str, Any]], masks: Sequence[bytes], size: tuple[int, int]) -> list[dict[str, Any]]:
    encoded = run_lengths.as_coco(masks, *size)
    return [{**entry, "segmentation": mask} for entry, mask in zip(entries, encoded, strict=True)]
