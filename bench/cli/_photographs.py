"""Accuracy of an ImageNet classifier on a folder of photographs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import torch
from torchvision.transforms import v2

from bench.data import pictures
from bench.data.picture_files import EXTENSIONS, class_folders, image_files
from bench.errors import InputError
from bench.folders import is_folder

RESIZED, CROP = 256, 224  # pixels: the shorter side, then the square in its centre
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
BATCH = 50  # images

# What torchvision's classifiers were evaluated with: published accuracies hold for this resizing and crop alone.
PREPARE = v2.Compose(
    [
        v2.Resize(RESIZED),
        v2.CenterCrop(CROP),
        v2.PILToTensor(),
        v2.ToDtype(torch.float32, scale=True),
        v2.Normalize(MEAN, STD),
    ]
)


def accuracy(network: torch.nn.Module, folder: Path, classes: int) -> tuple[float, float, int]:
    """Top-1 and top-5 accuracy (0 to 1), and the number of images.

    Args:
        folder: holds one folder of images per class; sorted by name, these are in the order of the logits.

    Raises:
        InputError: there are not as many folders as classes, or a file cannot be read as an image.
    """
    files = _files(folder, classes)
    ranks = []
    with torch.inference_mode():
        for images, labels in _batches(files):
            # stable, so that of equal logits the first class counts, on every machine
            order = network(images).argsort(dim=1, descending=True, stable=True)
            ranks.append((order == labels[:, None]).int().argmax(1))
    rank = torch.cat(ranks)
    return float((rank < 1).float().mean()), float((rank < 5).float().mean()), len(files)


def _files(folder: Path, classes: int) -> list[tuple[Path, int]]:
    if not is_folder(folder):
        raise InputError(f"there is no folder {str(folder)!r}: expected one that holds a folder of images per class")
    folders = class_folders(folder)
    if len(folders) != classes:
        raise InputError(f"{folder} holds {len(folders)} folders, expected one for each of the {classes} classes")
    files = [(file, label) for label, path in enumerate(folders) for file in image_files(path)]
    if not files:
        raise InputError(f"{folder} holds no image ({', '.join(sorted(EXTENSIONS))})")
    return files


def _batches(files: list[tuple[Path, int]]) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    traits, examples = Counter[str](), dict[str, Path]()
    for start in range(0, len(files), BATCH):
        part = files[start : start + BATCH]
        read = [pictures.read(file) for file, _ in part]
        for (file, _), picture in zip(part, read):
            traits.update(picture.traits)
            for trait in picture.traits:
                examples.setdefault(trait, file)
        images = torch.stack([PREPARE(pictures.in_colour(picture)) for picture in read])
        yield images, torch.tensor([label for _, label in part])
    pictures.tell(traits, examples)
