"""Regions that detectors of two stages choose, whose number and place hang on every weight before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from torch import nn
from torchvision.models.detection.roi_heads import RoIHeads
from torchvision.models.detection.rpn import RegionProposalNetwork


def reading(network: nn.Module) -> set[str]:
    """Names of the modules that read a row per region, and not per image."""
    return {
        f"{prefix}.{name}" if prefix else name
        for prefix, heads in network.named_modules()
        if isinstance(heads, RoIHeads)
        for name, _ in heads.named_modules()
        if name
    }


@contextmanager
def of_the_first_half(network: nn.Module) -> Iterator[None]:
    """Give the second half of a batch's images the regions that a detector chooses in the first half.

    Two networks that run as one on the same images then read the same regions, row by row.
    """
    with ExitStack() as stack:
        for module in network.modules():
            if isinstance(module, RegionProposalNetwork):
                stack.callback(module.register_forward_hook(_proposed).remove)
            if isinstance(module, RoIHeads):
                found = module.postprocess_detections
                module.postprocess_detections = _detected(found)
                stack.callback(delattr, module, "postprocess_detections")
        yield


def _proposed(_: nn.Module, __: Any, output: Any) -> Any:
    boxes, losses = output
    return _twice(boxes), losses


def _detected(found: Any) -> Any:
    def same(*arguments: Any, **named: Any) -> Any:
        return tuple(_twice(each) for each in found(*arguments, **named))

    return same


def _twice(images: Any) -> Any:
    return [*images[: len(images) // 2]] * 2
