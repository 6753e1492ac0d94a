"""Runs of detectors as the runner writes them, with invented detections on synthetic images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.data import Split, run_lengths
from bench.data.objects import BACKGROUND, UNUSED, Detections, ImageObjects, ObjectArrays, Objects
from bench.runner.cell import Cell
from bench.runner.store import to_json
from bench.task import _kept_objects as kept
from bench.task.detection import Detection
from tests import invented_inside
from tests.invented import Invented, Runs, _npz, _random

NAMES = (BACKGROUND, "cat", UNUSED.format(2), "dog")
HEIGHT, WIDTH = 24, 32
PER_IMAGE = 3
VARIANTS = (
    Invented("original", "Original", "original"),
    Invented("finetune", "Fine-tuned", "control", 1, 0, 0.006, True),
    Invented("other-seed", "Other seed", "control", 1, 0, 0.22),
    Invented("float16", "float16", "quantization", 0.5, 0.0, 1e-6),
    Invented("k-bit:bits=4", "k-bit integers (bits 4)", "quantization", 0.13, 0, 0.05),
)
MISSED = {"original": (), "float16": (), "finetune": (4,), "other-seed": (5,), "k-bit:bits=4": (0, 1, 3)}


def truth(images: int) -> list[ImageObjects]:
    """Images of a cat and two dogs each, the second of which is a crowd in every image."""
    return [_image(number) for number in range(images)]


def _image(number: int) -> ImageObjects:
    random = _random("objects", number)
    corners = np.stack([random.integers(0, WIDTH - 12, PER_IMAGE), random.integers(0, HEIGHT - 10, PER_IMAGE)], axis=1)
    boxes = np.concatenate([corners, random.integers(5, 10, (PER_IMAGE, 2))], axis=1).astype(np.float64)
    pixels = np.zeros((PER_IMAGE, HEIGHT, WIDTH), np.uint8)
    for mask, (x, y, width, height) in zip(pixels, boxes.astype(int), strict=True):
        mask[y : y + height, x : x + width] = 1
    crowds = np.array([False, False, True])
    texts = tuple(run_lengths.of_pixels(pixels))
    areas = boxes[:, 2:].prod(axis=1)
    return ImageObjects(900 + number, (HEIGHT, WIDTH), np.array([1, 3, 3]), boxes, areas, crowds, texts)


def detections(images: list[ImageObjects], missed: tuple[int, ...], seed: int) -> list[Detections]:
    """Everything but the objects whose numbers are given, counted over all images, exactly where it is."""
    found, first = [], 0
    for image in images:
        real = np.flatnonzero(~image.crowds)
        here = np.array([number for place, number in enumerate(real) if first + place not in missed], np.int64)
        scores = 0.9 - 0.01 * _random("scores", seed, image.image_id).random(len(here))
        masks = tuple(image.masks[number] for number in here)
        found.append(Detections(image.labels[here], scores.astype(np.float32), image.boxes[here], masks))
        first += len(real)
    return found


@dataclass(frozen=True)
class DetectedRuns(Runs):
    """Runs of a detector; `missed` says by label which objects it does not find, counted over all images.

    Attributes:
        sure: score of every detection less what it would be, to make networks sure of nothing.
    """

    models: tuple[str, ...] = ("maskrcnn-resnet18",)
    variants: tuple[Invented, ...] = VARIANTS
    test: int = 8
    classes: tuple[str, ...] = NAMES
    name: str = "objects"
    unsure: float = 0.0

    def plan(self, cells: list[Cell]) -> dict[str, Any]:
        plan = super().plan(cells)
        task = Detection()
        plan["task"] = {
            "name": "detection",
            "primary": vars(task.primary),
            "changes": [vars(change) for change in task.changes],
            "classifies": False,
        }
        plan["similarity"] |= {"measures": ["debiased-cka", "knn-jaccard"], "inside": ["debiased-cka", "knn-jaccard"]}
        plan["data"] |= {"source": "coco:objects", "title": "objects (COCO's form)"}
        return plan

    def _scored(self, cell: Cell, label: str) -> tuple[dict[str, np.ndarray], dict[str, float]]:
        images = truth(self.test)
        split = Split(np.zeros((self.test, 3, 1, 1), np.uint8), np.zeros(self.test, np.int64),
                      Objects(ObjectArrays.of(images)))  # fmt: skip
        predictions = kept.of_detections(detections(images, MISSED.get(label, ()), cell.seed))
        predictions["scores"] = predictions["scores"] - np.float32(self.unsure)
        scores = Detection().score(predictions, split)
        return {**predictions, **kept.of_truth(images)}, scores

    def _train(self, cell: Cell, invented: Invented) -> dict[str, bytes]:
        _, scores = self._scored(cell, "original")
        metrics = {f"{split}_{name}": value for name, value in scores.items() for split in ("test", "validation")}
        history = [{"epoch": 1, "validation_box_ap": scores["box_ap"], "loss": 1.0}]
        return {
            "network.safetensors": b"weights",
            "metrics.json": to_json(metrics | {"parameters": 78_042}),
            "history.json": to_json(history),
        }

    def _compress(self, cell: Cell, invented: Invented) -> dict[str, bytes]:
        arrays, scores = self._scored(cell, invented.label)
        payload = round(312_168 * invented.kept)
        of_splits = {f"{split}_{name}": value for name, value in scores.items() for split in ("test", "validation")}
        sizes = {"payload_bytes": payload, "file_bytes": payload + 2_113, "macs": 1_230_000, "sparsity": 0.0,
                 "logit_difference": 1e-7}  # fmt: skip
        predictions = {f"{split}_{name}": array for name, array in arrays.items() for split in ("test", "validation")}
        return {
            "network.innards": b"packed",
            "metrics.json": to_json(of_splits | sizes),
            "layers.json": to_json([]),
            "predictions.npz": _npz(predictions),
            "history.json": to_json([]),
        }

    def _compare(self, cell: Cell, invented: Invented) -> dict[str, bytes]:
        (_, original), (_, own) = (self._scored(cell, label) for label in ("original", invented.label))
        metrics = {f"{name}_difference": value - original[name] for name, value in own.items()}
        metrics |= {"test_box_ap": own["box_ap"], "original_test_box_ap": original["box_ap"]}
        size = (invented.distance, 0.0, self.blocks, self.probe)
        arrays = invented_inside.similarity(cell.model, cell.seed, invented.label, *size)
        arrays = {name: array for name, array in arrays.items() if "cross-probe" not in name}
        return {"metrics.json": to_json(metrics), "similarity.npz": _npz(arrays), "notes.json": to_json({})}


class SyntheticPictures:
    """Test images of noise, as the report asks for them; no photograph is needed."""

    def __len__(self) -> int:
        return 8

    def whole(self, position: int, longest: int) -> np.ndarray:
        """(3, 24, 32) uint8."""
        return _random("pixels", position).integers(0, 256, (3, HEIGHT, WIDTH)).astype(np.uint8)
