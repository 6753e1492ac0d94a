"""Which layers of a network mind compression, each alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, get_args

import numpy as np
import torch
from torch import nn

from bench.api._checks import is_network, listed, takes, whole
from bench.compress.method import NotApplicable
from bench.data.image_set import Split
from bench.diagnose.networks import device_of
from bench.diagnose.sensitivity.curves import Curves, curves
from bench.diagnose.sensitivity.judge import Judge
from bench.diagnose.sensitivity.levels import BITS, KINDS, RISE, SPARSITIES, Kind, Levels
from bench.errors import InputError, did_you_mean, limits
from bench.footprint.compressed import Compressed
from bench.task.classification import CLASSIFICATION
from bench.zoo.networks.blocks import block_outputs
from bench.zoo.networks.plain import copied, plain


@limits("sensitivity")
def sensitivity(
    network: nn.Module,
    batches: Iterable[Any],
    *,
    calibration: Iterable[Any] = (),
    kinds: Sequence[Kind] = KINDS,
    sparsities: Sequence[float] = SPARSITIES,
    bits: Sequence[int] = BITS,
    rise: float = RISE,
) -> Curves:
    """What does a classifier lose if one tensor, or one group of channels, alone is pruned or rounded?

    Nothing is trained. Weights are pruned by magnitude, channels by the L1 norm of their filters, from all layers of a
    residual stream alike; integers have a step per filter.

    >>> import torch
    >>> from torch import nn
    >>> network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.Flatten(), nn.Linear(128, 4))
    >>> batches = [(torch.randn(64, 3, 8, 8), torch.randint(4, (64,)))]
    >>> measured = sensitivity(network, batches, kinds=["elements"], sparsities=[0.5])
    >>> [(point.target, point.level, point.saved) for point in measured.singles]
    [('0', 0.0, 0), ('0', 0.5, 405), ('2', 0.0, 0), ('2', 0.5, 1080), ('4', 0.0, 0), ('4', 0.5, 960)]

    Args:
        batches: images (b, C, H, W) with their labels (b,), as a DataLoader yields them; of images that nothing is
            reported on, since what is chosen by these curves was chosen on them.
        calibration: batches of training images, or of images with labels; with them every level is measured twice, the
            second time with running statistics of batch normalisation taken again.
        kinds: "elements" prunes a tensor's weights, "channels" a group's channels, "bits" rounds a tensor,
            "stream-bits" all layers together that are added to one stream of channels.
        sparsities: shares to prune, 0 to 1. Every curve begins with the network as it is.
        bits: 2 to 8.
        rise: of the loss, nats, up to which each target's level is tolerated, for the joint losses.

    Returns:
        `singles`, a row per target and level, with payload bytes saved, loss, accuracy, agreement and similarity;
        `joints`, all targets of a kind at once, beside the sum of their single rises; `notes`, on kinds that the
        network has no target of.

    Raises:
        InputError: no batches or labels, an unknown kind, a level that is none, or nothing to compress.
    """
    levels = _levels(kinds, sparsities, bits, rise)
    is_network(network)
    device = device_of(network)
    pairs = [_pair(batch, device) for batch in listed("batches", batches, "pairs of images and labels")]
    if not pairs:
        raise InputError("sensitivity: there are no batches")
    original = plain(copied(network)).eval()
    for images, _ in pairs:
        takes(original, images)
    with torch.no_grad():
        classes = original(pairs[0][0][:1]).shape[-1]
    labels = torch.cat([targets for _, targets in pairs]).cpu().numpy()
    split = Split(np.zeros((len(labels), 1, 1, 1), np.uint8), labels)  # of which only the labels are scored
    if strange := sorted({int(label) for label in labels} - set(range(classes))):
        raise InputError(
            f"sensitivity: labels are from 0 to {classes - 1}, as the network has classes, not {strange[0]}"
        )
    shown = [_images(batch) for batch in listed("calibration", calibration, "images")]
    for images in shown:
        takes(original, images.float() if isinstance(images, torch.Tensor) else images)
    shown = [images.float().to(device) for images in shown]
    layer = block_outputs(original, pairs[0][0][:1])[-1]
    try:
        return curves(
            Compressed(original, example=pairs[0][0][:1]),
            Judge(original, pairs, split, CLASSIFICATION, layer, shown),
            levels,
        )
    except NotApplicable as reason:
        raise InputError(f"sensitivity: {reason}") from reason


def _levels(kinds: Sequence[Any], sparsities: Sequence[Any], bits: Sequence[Any], rise: Any) -> Levels:
    asked = listed("kinds", kinds, "kinds")
    for kind in asked:
        if kind not in get_args(Kind):
            raise InputError(f"sensitivity: unknown kind {kind!r}: {did_you_mean(str(kind), KINDS)}")
    shares, widths = listed("sparsities", sparsities, "shares"), listed("bits", bits, "whole numbers")
    for share in shares:
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share < 1:
            raise InputError(f"sparsities: expected shares from 0 to below 1, not {share!r}")
    for width in widths:
        whole("bits", width, 2)
        if width > 8:
            raise InputError(f"bits: expected 2 to 8, not {width}")
    if isinstance(rise, bool) or not isinstance(rise, int | float) or not rise > 0:
        raise InputError(f"rise: expected a number above 0, not {rise!r}")
    if not asked:
        raise InputError("sensitivity: kinds is an empty list; leave it out for all")
    return Levels(asked, shares, widths, rise)


def _pair(batch: Any, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    if not isinstance(batch, tuple | list) or len(batch) != 2:
        raise InputError("sensitivity: batches are pairs of images (b, C, H, W) and labels (b,)")
    try:
        images, labels = batch[0], torch.as_tensor(batch[1])
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(f"sensitivity: labels are whole numbers, one for each image: {error}") from error
    if not isinstance(images, torch.Tensor) or labels.shape != images.shape[:1] or labels.is_floating_point():
        raise InputError(f"sensitivity: expected a label for each image, whole numbers, not {tuple(labels.shape)}")
    return images.float().to(device), labels.long().to(device)


def _images(batch: Any) -> torch.Tensor:
    return batch[0] if isinstance(batch, tuple | list) and batch else batch
