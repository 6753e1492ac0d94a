"""`python -m bench.example.overfit PATH`: can a small Mask R-CNN learn ten images by heart, and does a file keep that?

A detector that is trained wrongly learns nothing from a hundred images that shows; ten images it must learn.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import torch

from bench.compress.variant import parse
from bench.compress.without_data import WithoutData
from bench.data import ImageSet, Split, load
from bench.data.validation_transform import ValidationTransform
from bench.errors import InputError
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish
from bench.footprint.packed import pack, unpack
from bench.task.detection import Detection
from bench.training.evaluate import predict
from bench.training.loop import train
from bench.training.recipe import Recipe
from bench.zoo.networks.build import build

MODEL, SIZE, IMAGES = "maskrcnn-resnet18", 128, 10
WANTED = 0.5  # box AP50
RECIPE = Recipe(
    epochs=200,
    batch_size=2,
    learning_rate=5e-4,
    optimizer="adamw",
    warmup=0.05,
    schedule="cosine",
    weight_decay=0.0,
    label_smoothing=0.0,
    flip=False,
    crop_padding=0,
    resize=SIZE,
)


def main(arguments: list[str] | None = None) -> int:
    """Train until box AP50 on the training images exceeds 0.5, compress to float16, and print both.

    Returns:
        0; 1 if AP50 stays below or the file changes it; 2 if the images cannot be read.
    """
    options = _options(arguments)
    torch.set_num_threads(options.threads)
    try:
        with tempfile.TemporaryDirectory() as cache:
            images = load(
                f"coco:{options.path}", validation=0.1, probe=4, probe_seed=0, split_seed=0, cache=Path(cache)
            )
            return report(images.transformed(ValidationTransform(SIZE)), RECIPE)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2


def report(images: ImageSet, recipe: Recipe) -> int:
    """Train on the first images that show most objects' area, and print what comes of it; see `main`."""
    split = easiest(images.train, IMAGES)
    network = build(MODEL, images.channels, len(images.classes), SIZE, seed=0)
    began, steps = time.process_time(), 0
    per_epoch = max(1, len(split.labels) // recipe.batch_size)

    def watch(row: Mapping[str, float], speed: float, network: torch.nn.Module) -> None:
        nonlocal steps
        steps = int(row["epoch"]) * per_epoch
        if int(row["epoch"]) % 10 == 0:
            print(f"step {steps}, {time.process_time() - began:.0f} s: loss {row['loss']:.3f}", flush=True)

    train(
        network, split, recipe=recipe, mean=images.mean, std=images.std, seed=0, device="cpu", task=Detection(),
        watch=watch,
    )  # fmt: skip
    seconds = time.process_time() - began
    before = scores(network, split, images)
    print(f"{steps} steps, {seconds:.0f} s of processor time; {described(before)}")
    after = scores(in_float16(network, images), split, images)
    print(f"float16, read back from its file: {described(after)}")
    kept = all(abs(after[name] - value) < 0.01 for name, value in before.items())
    return 0 if before["box_ap50"] > WANTED and kept else 1


def easiest(split: Split, count: int) -> Split:
    """The images whose smallest object takes the largest share of the image."""
    objects = split.objects
    if objects is None:
        raise InputError("these images have no annotated objects")
    shares = []
    for position in range(len(objects)):
        image = objects[position].for_training()
        height, width = image.size
        shares.append(min(image.areas, default=0) / (height * width))
    chosen = sorted(range(len(shares)), key=lambda position: -shares[position])[:count]
    return split.subset(sorted(chosen))


def in_float16(network: torch.nn.Module, images: ImageSet) -> torch.nn.Module:
    """The network as its file of half-precision weights holds it."""
    shape = images.channels, len(images.classes), SIZE
    workbench = WithoutData(MODEL, *shape)
    compressed = finish(parse("float16").apply(Compressed(network, example=workbench.example), workbench))
    about = {"name": MODEL, "channels": shape[0], "classes": shape[1], "size": shape[2]}
    return unpack(pack(compressed, about), build(MODEL, *shape, seed=0)).eval()


def scores(network: torch.nn.Module, split: Split, images: ImageSet) -> dict[str, float]:
    """AP of boxes and masks."""
    task = Detection()
    return task.score(predict(network, split.images, images.mean, images.std, "cpu", task=task), split)


def described(found: Mapping[str, float]) -> str:
    """Three figures in a line."""
    names = {"box_ap50": "box AP50", "box_ap": "box AP", "mask_ap": "mask AP"}
    return ", ".join(f"{title} {found[name]:.4f}" for name, title in names.items() if name in found)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.example.overfit", description=__doc__, allow_abbrev=False)
    parser.add_argument("path", type=Path, metavar="PATH", help="a folder in COCO's form")
    parser.add_argument("--threads", type=int, default=1, help="of PyTorch (default: 1)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
