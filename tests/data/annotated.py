"""Small sets in COCO's form for tests: rectangles on a plain ground, with every kind of segmentation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

SIZES = ((40, 30), (24, 36))  # width, height


def annotation(number: int, image: int, category: int, box: list[float], **others: Any) -> dict[str, Any]:
    """A rectangle, its polygon and area."""
    x, y, width, height = box
    polygon = [x, y, x + width, y, x + width, y + height, x, y + height]
    made = {"id": number, "image_id": image, "category_id": category, "bbox": box, "area": width * height}
    return {**made, "iscrowd": 0, "segmentation": [polygon], **others}


def content(images: int = 4, categories: tuple[tuple[int, str], ...] = ((3, "cat"), (7, "dog"))) -> dict[str, Any]:
    """Images 1 to n, each with a rectangle of the first category and one of another."""
    entries = [
        {"id": n, "file_name": f"{n}.png", "width": SIZES[n % 2][0], "height": SIZES[n % 2][1]}
        for n in range(1, images + 1)
    ]
    annotations = []
    for n in range(1, images + 1):
        annotations.append(annotation(2 * n, n, categories[0][0], [2, 3, 10, 8]))
        annotations.append(annotation(2 * n + 1, n, categories[n % len(categories)][0], [12, 12, 6, 10]))
    return {
        "images": entries,
        "annotations": annotations,
        "categories": [{"id": number, "name": name} for number, name in categories],
    }


def write(root: Path, train: dict[str, Any], test: dict[str, Any], parts: tuple[str, str] = ("train", "val")) -> Path:
    """A set in the folder, with noise as images."""
    (root / "annotations").mkdir(parents=True)
    for number, (part, annotated) in enumerate(zip(parts, (train, test), strict=True)):
        (root / "annotations" / f"instances_{part}.json").write_text(json.dumps(annotated))
        (root / part).mkdir()
        for entry in annotated["images"]:
            random = np.random.default_rng((number, entry["id"]))
            pixels = random.integers(0, 256, (entry["height"], entry["width"], 3), np.uint8)
            Image.fromarray(pixels).save(root / part / entry["file_name"])
    return root
