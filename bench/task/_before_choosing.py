"""What a detector's layers put out before detections are chosen, so that two networks can be told from rounding.

Which boxes are proposed, suppressed and kept jumps with the last bit of a score. All that every weight takes part in is
computed here without such choices: features, and what the heads make of them, those of two stages for boxes that do not
depend on the network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import nn

PARTS = ("transform", "backbone")  # of torchvision's detectors, which also have `roi_heads` and `rpn`, or `head`
GRID = (1, 2, 3)  # boxes along each side of an image, at three scales


def apart(network: nn.Module, other: nn.Module, batches: Callable[[], Iterable[torch.Tensor]]) -> float:
    """Largest difference of two detectors' layers, each as a share of that layer's largest output.

    Args:
        network, other: torchvision's detectors, or networks with the same parts, in eval mode.
        batches: yields the images, (b, C, H, W) float32 on the 0..1 scale, each time anew.
    """
    worst = 0.0
    for ours, theirs in zip(_outputs(network, batches()), _outputs(other, batches()), strict=True):
        for mine, expected in zip(ours, theirs, strict=True):
            if mine.shape != expected.shape:
                return float("inf")
            difference = (mine - expected).abs().max() / expected.abs().max().clamp(min=1e-12)
            worst = max(worst, float(difference)) if torch.isfinite(difference) else float("inf")
    return worst


def _outputs(network: Any, batches: Iterable[torch.Tensor]) -> Iterator[list[torch.Tensor]]:
    """Per batch, the tensors of every head."""
    for batch in batches:
        images, _ = network.transform(list(batch))
        maps = network.backbone(images.tensors)
        features = {"0": maps} if isinstance(maps, torch.Tensor) else dict(maps)
        if hasattr(network, "roi_heads"):
            yield [*_flat(network.rpn.head(list(features.values()))), *_of_boxes(network.roi_heads, features, images)]
        else:
            yield list(_flat(network.head(list(features.values()))))


def _of_boxes(heads: Any, features: Mapping[str, torch.Tensor], images: Any) -> Iterator[torch.Tensor]:
    """What the second stage makes of a grid of boxes."""
    boxes = [_grid(size, images.tensors) for size in images.image_sizes]
    pooled = heads.box_roi_pool(features, boxes, images.image_sizes)
    yield from _flat(heads.box_predictor(heads.box_head(pooled)))
    if heads.has_mask():
        pooled = heads.mask_roi_pool(features, boxes, images.image_sizes)
        yield heads.mask_predictor(heads.mask_head(pooled))


def _grid(size: Sequence[int], like: torch.Tensor) -> torch.Tensor:
    """Boxes that tile an image at each scale, (k, 4) corners in pixels."""
    height, width = size
    corners = [
        (width * column / count, height * row / count, width * (column + 1) / count, height * (row + 1) / count)
        for count in GRID
        for row in range(count)
        for column in range(count)
    ]
    return torch.tensor(corners, dtype=like.dtype, device=like.device)


def _flat(outputs: Any) -> Iterator[torch.Tensor]:
    """The tensors of nested tuples, lists and dictionaries, in order."""
    if isinstance(outputs, torch.Tensor):
        yield outputs
        return
    for part in outputs.values() if isinstance(outputs, Mapping) else outputs:
        yield from _flat(part)
