"""Which annotated objects a network finds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.data.objects import Detections, ImageObjects

OVERLAP = 0.5  # of two boxes, intersection over union, from which one finds the other
SURE = 0.5  # score from which a detection counts


@dataclass(frozen=True)
class Counting:
    """Which detections count.

    Attributes:
        surest: whether in each image as many of the surest count as it has objects, whatever their scores: a network
            of little training is sure of nothing. Else those of a score of at least `SURE`.
    """

    surest: bool = False

    def chosen(self, detections: Detections, objects: int) -> np.ndarray:
        """Numbers of the detections that count, the surest first."""
        order = np.argsort(-detections.scores, kind="stable")
        return order[:objects] if self.surest else order[detections.scores[order] >= SURE]


def found(truth: ImageObjects, detections: Detections, counting: Counting) -> np.ndarray:
    """(k,) the number of the detection that finds each object; -1 if none does, and for crowds.

    As COCO matches them: from the surest detection on, each takes the object of its class that it overlaps most and
    that is not taken yet, if they overlap enough.

    >>> box = np.array([[0, 0, 4, 4.0]])
    >>> truth = ImageObjects(1, (9, 9), np.array([3]), box, np.array([16.0]), np.array([False]))
    >>> found(truth, Detections(np.array([3]), np.array([0.9]), box + 1), Counting())
    array([-1])
    """
    taken = np.full(len(truth), -1)
    overlaps = _overlaps(detections.boxes, truth.boxes)
    for number in counting.chosen(detections, int((~truth.crowds).sum())).tolist():
        free = (taken < 0) & ~truth.crowds & (truth.labels == detections.labels[number])
        fitting = np.where(free, overlaps[number], -1.0)
        if len(fitting) and fitting.max() >= OVERLAP:
            taken[fitting.argmax()] = number
    return taken


def _overlaps(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(a, b) intersection over union of boxes x, y, width, height."""
    one, other = first.astype(np.float64)[:, None], second.astype(np.float64)[None]
    ends = np.minimum(one[..., :2] + one[..., 2:], other[..., :2] + other[..., 2:])
    shared = np.clip(ends - np.maximum(one[..., :2], other[..., :2]), 0, None).prod(-1)
    union = one[..., 2:].prod(-1) + other[..., 2:].prod(-1) - shared
    return shared / np.maximum(union, 1e-12)
