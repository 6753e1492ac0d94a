"""Detection: objects of an image, by their boxes and masks; networks are ranked by the AP of their boxes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from bench.data import run_lengths
from bench.data.objects import Detections, ImageObjects, Objects
from bench.errors import InputError
from bench.remember import once
from bench.roles import COMPRESSED, ORIGINAL
from bench.task import Change, Predictions, Primary, Task
from bench.task import _kept_objects as kept
from bench.task._average_precision import AveragePrecision, Kind

if TYPE_CHECKING:
    import torch
    from torch import nn

    from bench.data import ImageSet, Split

UNSMOOTHED = "detection has no smoothed labels: leave out label_smoothing"
INSIDE = 0.5  # probability from which a pixel belongs to a mask, as in torchvision's references
COMPUTING_BY_MODE = ("_NormBase", "_DropoutNd")  # classes of torch that compute otherwise in training mode
BOX_AP, MASK_AP = "box_ap", "mask_ap"
PARTS_OF_BOXES = ("counts", "labels", "scores", "boxes")  # of predictions, all that box AP depends on
MIRROR = np.array([-1, 1, -1, 1], np.float32)  # of a box's corners x, y, x, y
CUTTING = ("center_crop", "random_crop", "random_resized_crop", "crop_padding", "cutout", "auto_augment")
NAMES = {
    "ap50": "AP at an overlap of 0.5",
    "ap75": "AP at an overlap of 0.75",
    "ap_small": "AP of objects below 32² pixels",
    "ap_medium": "AP of objects from 32² to 96² pixels",
    "ap_large": "AP of objects above 96² pixels",
}


def _change(metric: str, title: str, describe: str) -> Change:
    key = f"{metric}_difference"
    return Change(key, metric, title, f"{describe}, less the original's.", "points", 100, 1, signed=True)


def _average_precision(metric: str, title: str) -> Primary:
    noun = f"{title[:1].lower()}{title[1:]}"
    return Primary(
        metric=metric, title=title, noun=noun, level_unit="", unit="points", scale=100.0, digits=1, highest=1.0
    )


class Detection(Task):
    """Networks are called as torchvision's detectors: with targets they return losses, in eval mode detections.

    Targets are a list per batch, one dictionary per image: `boxes` (k, 4) float32 corners in pixels, `labels` (k,)
    int64 from 1 on, and, if the set has masks, `masks` (k, H, W) uint8. Outputs in eval mode are a list of dictionaries
    of `boxes`, `labels`, `scores` and, from networks that give them, `masks` (k, 1, H, W), probabilities.

    Objects that stand for a crowd are not learnt, as in torchvision's references; `detection-with-crowds` learns them.

    Metrics are pycocotools' (extra `coco`): AP, at most 100 detections of a class and image. Masks' are there if the
    network gives masks and the set has them. AP of a size that no object has is left out.

    Class attributes:
        learns_crowds: whether objects that stand for a crowd are trained on.
    """

    primary = _average_precision(BOX_AP, "Box AP")
    beside = (_average_precision(MASK_AP, "Mask AP"),)
    of_image = "An image's part of box AP is its jackknife pseudo-value."
    alike = tuple(f"{kind}_{name}" for kind in ("box", "mask") for name in ("ap", *NAMES))
    changes = (
        _change(MASK_AP, "ΔMask AP", "Mask AP"),
        *(_change(f"box_{name}", f"Δ{name.replace('ap_', 'AP ').replace('ap', 'AP')}", f"Box {text}")
          for name, text in NAMES.items()),
    )  # fmt: skip

    merit = (BOX_AP, MASK_AP)
    learns_crowds: ClassVar[bool] = False

    def problems(self, recipe: Mapping[str, Any]) -> list[str]:
        """What would move or hide objects without their boxes, and smoothed labels."""
        found = [
            f"{name} = {recipe[name]!r}: images of annotated objects are seen whole and are mirrored or change colours "
            "alone, leave it out"
            for name in CUTTING
            if recipe.get(name)
        ]
        if recipe.get("label_smoothing"):
            found.append(f"label_smoothing = {recipe['label_smoothing']:g}: {UNSMOOTHED}")
        return found

    def unfit(self, images: ImageSet) -> str:
        """Without objects there is nothing to detect."""
        if images.train.objects is not None:
            return ""
        return (
            f"the images of {images.name} have no annotated objects to detect: give a source that has, e.g. coco:PATH"
        )

    def targets(self, split: Split, device: torch.device | str) -> Any:
        """What is trained on, at the size of the files."""
        return _Targets(_objects(split), device, crowds=self.learns_crowds)

    def forward(self, network: nn.Module, images: torch.Tensor, targets: Any) -> Any:
        """The network's losses by name; of one in eval mode with its statistics kept."""
        with _giving_losses(network):
            return network(list(images), targets)

    def loss(self, outputs: Any, targets: Any, *, label_smoothing: float = 0.0) -> torch.Tensor:
        """The sum of the network's losses.

        Raises:
            InputError: labels are to be smoothed.
        """
        if label_smoothing:
            raise InputError(UNSMOOTHED)
        return sum(outputs.values())

    def imitation_loss(self, outputs: Any, lesson: Any, *, temperature: float) -> torch.Tensor:
        """Refuses: detectors give no logits of whole images.

        Raises:
            InputError: always.
        """
        raise InputError("detection has no distillation: detectors give no logits of whole images, leave out distill")

    def collect(self, outputs: Iterable[Any]) -> Predictions:
        """Counts (n,), and labels, scores, boxes and run lengths of masks, as wide as the fullest image."""
        return kept.of_detections([_detections(image) for batch in outputs for image in batch])

    def truth(self, split: Split) -> Predictions:
        """All annotated objects, crowds included, and the images' ids and sizes."""
        objects = _objects(split)
        return kept.of_truth([objects[position] for position in range(len(objects))])

    def score(self, predictions: Predictions, split: Split) -> dict[str, float]:
        """AP, AP50, AP75 and AP by size, of boxes and of masks, each 0 to 1."""
        return _score(predictions, self.truth(split))

    def compare(self, predictions: Mapping[str, Predictions], split: Split) -> dict[str, float]:
        """Each metric of the compressed network less the original's, and both box APs."""
        truth = self.truth(split)
        compressed, original = (_score(predictions[role], truth) for role in (COMPRESSED, ORIGINAL))
        return {
            f"test_{BOX_AP}": compressed[BOX_AP],
            f"original_test_{BOX_AP}": original[BOX_AP],
            **{f"{name}_difference": value - original[name] for name, value in compressed.items() if name in original},
        }

    def per_image(self, predictions: Predictions, truth: Predictions) -> np.ndarray | None:
        """(n,) each image's part of box AP by the jackknife; see `bench.task._average_precision`."""
        parts = _parts_of_box_ap(predictions, truth)
        return parts[0] if parts else None

    def chance(self, truth: Predictions) -> float | None:
        """0: boxes anywhere find next to nothing."""
        return 0.0

    def per_class(self, predictions: Predictions, truth: Predictions) -> Mapping[int, np.ndarray] | None:
        """Box AP of each class that has an object, by the jackknife over images as `per_image`; mean of all is box AP.

        See `bench.task._average_precision`.
        """
        parts = _parts_of_box_ap(predictions, truth)
        return parts[1] if parts else None

    def objects(self, predictions: Predictions, truth: Predictions) -> list[tuple[ImageObjects, Detections]]:
        """Per image what is annotated, crowds included, and what was detected."""
        return list(zip(kept.truth(truth), kept.detections(predictions), strict=True))

    def apart(self, network: nn.Module, other: nn.Module, batches: Callable[[], Iterable[torch.Tensor]]) -> float:
        """Of what their layers put out before any detection is chosen, see `bench.task._before_choosing`.

        Networks without torchvision's parts are compared by their detections.
        """
        from bench.task import _before_choosing  # it imports torch

        if not all(hasattr(one, part) for one in (network, other) for part in _before_choosing.PARTS):
            return super().apart(network, other, batches)
        return _before_choosing.apart(network, other, batches)

    def difference(self, predictions: Predictions, expected: Predictions) -> float:
        """Largest difference of scores and of boxes, as a share of the largest; 1 if other objects are detected."""
        detected = ("counts", "labels")
        if not all(np.array_equal(predictions[name], expected[name]) for name in detected):
            return 1.0
        pairs = [(predictions[name], expected[name]) for name in ("scores", "boxes")]
        return max(float(_largest(one - other) / max(_largest(other), 1e-12)) for one, other in pairs)


@contextmanager
def _giving_losses(network: nn.Module) -> Iterator[None]:
    """Let a detector in eval mode give losses, as methods ask that weigh what weights do to them."""
    # torchvision's detectors decide by their mode what to give. Layers whose mode changes what they compute stay in
    # eval mode: batch normalisation keeps its statistics, and nothing is dropped.
    quiet = [module for module in network.modules() if not module.training and not _computes_by_mode(module)]
    for module in quiet:
        module.training = True
    try:
        yield
    finally:
        for module in quiet:
            module.training = False


def _computes_by_mode(module: nn.Module) -> bool:
    return any(kind.__name__ in COMPUTING_BY_MODE for kind in type(module).__mro__)


class _Targets:
    """Objects of a split's images as tensors, made when a batch asks for them."""

    def __init__(self, objects: Objects, device: torch.device | str, *, crowds: bool):
        self.objects, self.device, self.crowds = objects, device, crowds

    def __len__(self) -> int:
        return len(self.objects)

    def __getitem__(self, rows: torch.Tensor) -> list[dict[str, torch.Tensor]]:
        return [self._on_device(self._of(position)) for position in rows.tolist()]

    def mirrored(self, rows: torch.Tensor, flags: Sequence[bool]) -> list[dict[str, torch.Tensor]]:
        """See PlacedTargets."""
        targets = []
        for position, flag in zip(rows.tolist(), flags, strict=True):
            arrays = self._of(position)
            if flag:
                _, width = self.objects[position].size
                arrays["boxes"] = arrays["boxes"] * MIRROR + np.array([width, 0, width, 0], np.float32)
                arrays["boxes"] = arrays["boxes"][:, [2, 1, 0, 3]]
                if "masks" in arrays:
                    arrays["masks"] = arrays["masks"][:, :, ::-1].copy()
            targets.append(self._on_device(arrays))
        return targets

    def squared(self, rows: torch.Tensor, side: int) -> list[dict[str, torch.Tensor]]:
        """See PlacedTargets; of a mask the pixel that lies nearest to the middle of each new one."""
        targets = []
        for position in rows.tolist():
            arrays = self._of(position)
            height, width = self.objects[position].size
            arrays["boxes"] = arrays["boxes"] * (np.float32(side) / np.array([width, height] * 2, np.float32))
            if "masks" in arrays:
                down, right = (((np.arange(side) + 0.5) * length / side).astype(int) for length in (height, width))
                arrays["masks"] = arrays["masks"][:, down[:, None], right]
            targets.append(self._on_device(arrays))
        return targets

    def _of(self, position: int) -> dict[str, np.ndarray]:
        image = self.objects[position].for_training(crowds=self.crowds)
        corners = np.concatenate([image.boxes[:, :2], image.boxes[:, :2] + image.boxes[:, 2:]], axis=1)
        arrays = {"boxes": corners.astype(np.float32), "labels": image.labels}
        if self.objects.has_masks:
            arrays["masks"] = image.pixels()
        return arrays

    def _on_device(self, arrays: Mapping[str, np.ndarray]) -> dict[str, torch.Tensor]:
        import torch

        return {name: torch.from_numpy(array).to(self.device) for name, array in arrays.items()}


def _objects(split: Split) -> Objects:
    if split.objects is None:
        raise InputError("detection needs annotated objects: give a source that has them, e.g. coco:PATH")
    return split.objects


def _detections(image: Mapping[str, torch.Tensor]) -> Detections:
    """One image's output of a network; what is no number is no detection."""
    # A network that diverged gives NaN, which no ranking holds: such detections are left out, and AP falls.
    arrays = {name: values.detach().float().cpu().numpy() for name, values in image.items() if name != "labels"}
    labels, scores, corners = image["labels"].cpu().numpy().astype(np.int64), arrays["scores"], arrays["boxes"]
    numbers = np.flatnonzero(np.isfinite(scores) & np.isfinite(corners).all(1))
    boxes = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)
    masks = tuple(run_lengths.of_pixels(arrays["masks"][numbers, 0] >= INSIDE)) if "masks" in arrays else None
    return Detections(labels[numbers], scores[numbers], boxes[numbers], masks)


def _score(predictions: Predictions, truth: Predictions) -> dict[str, float]:
    scores: dict[str, float] = {}
    for kind in _kinds(predictions, truth):
        for name, value in _precision(predictions, truth, kind).figures.items():
            if not np.isnan(value):
                scores[f"{kind}_{name}"] = value
    if BOX_AP not in scores:
        raise InputError("these images have no annotated object: AP of detections is not defined on them")
    return scores


def _kinds(predictions: Predictions, truth: Predictions) -> Sequence[Kind]:
    return ("box", "mask") if "masks" in predictions and truth["true_masks"].size else ("box",)


def _largest(values: np.ndarray) -> float:
    return float(np.abs(values).max(initial=0))


def _parts_of_box_ap(
    predictions: Predictions, truth: Predictions
) -> tuple[np.ndarray | None, Mapping[int, np.ndarray]] | None:
    """By image, and by class and image; both come from one evaluation, and a report asks for each."""
    if not {"counts", "scores"} <= predictions.keys() or "true_counts" not in truth:
        return None
    arrays = [predictions[name] for name in PARTS_OF_BOXES]
    arrays += [truth[name] for name in sorted(truth) if name.startswith("true_")]

    def computed() -> tuple[np.ndarray | None, Mapping[int, np.ndarray]]:
        precision = _precision(predictions, truth, "box")
        return precision.per_image, precision.per_class_and_image

    return once(("parts of box AP", _digest(arrays)), computed)


def _digest(arrays: Sequence[np.ndarray]) -> bytes:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str} {array.shape}".encode() + np.ascontiguousarray(array).tobytes())
    return digest.digest()


def _precision(predictions: Predictions, truth: Predictions, kind: Kind) -> AveragePrecision:
    return AveragePrecision(kept.truth(truth), kept.detections(predictions), kind)
