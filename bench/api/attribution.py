"""Which pixels speak for a class, and whether two networks agree on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn

from bench.api._checks import layers_exist, takes, text, uncompiled, whole, yes_or_no
from bench.compress.method import first_line
from bench.diagnose.explanations.agreement import spearman, top_overlap
from bench.diagnose.explanations.attribution import METHODS, CannotExplain, How, explain
from bench.diagnose.networks import Version, answers, deepest_map, device_of, logits_of, still
from bench.diagnose.networks import outputs as layer_outputs
from bench.errors import InputError, did_you_mean, limits
from bench.zoo.networks.blocks import block_outputs


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two sets of attributions agree.

    Attributes:
        spearman: (n,) rank correlation over pixels, signs kept, -1 to 1; NaN if a map is constant.
        top_overlap: (n,) share of the 10% largest pixels that both maps have in common, 0 to 1; chance is 0.1.
    """

    spearman: np.ndarray = field(repr=False)
    top_overlap: np.ndarray = field(repr=False)


@limits("attributions")
def attributions(
    network: nn.Module,
    images: torch.Tensor,
    targets: Sequence[int] | np.ndarray | None = None,
    *,
    method: str = "integrated-gradients",
    layer: str = "",
    steps: int = 16,
    bypass_quantizers: bool = False,
) -> np.ndarray:
    """Which pixels speak for a class?

    >>> import torch
    >>> from torch import nn
    >>> network = nn.Sequential(nn.Flatten(), nn.Linear(16, 2))
    >>> maps = attributions(network, torch.randn(5, 1, 4, 4))
    >>> maps.shape
    (5, 4, 4)

    Args:
        images: (n, C, H, W).
        targets: (n,) classes to explain; default the network's own answers. Give both networks the same to compare
            them.
        method: "integrated-gradients", "grad-cam", "saliency", "smoothgrad", "occlusion", "guided-backprop" or "lrp".
        layer: for Grad-CAM; default the deepest block with at least 4×4 positions.
        steps: for integrated gradients.
        bypass_quantizers: skip NNCF's quantisers of feature maps, whose gradient is 0 where they clip.

    Returns:
        (n, H, W) float32, signed and summed over channels. Grad-CAM's maps have the layer's resolution.

    Raises:
        InputError: the method or layer does not exist, or the method cannot explain this network (with the reason).
    """
    text("method", method)
    text("layer", layer)
    whole("steps", steps, 1)
    yes_or_no("bypass_quantizers", bypass_quantizers)
    if method not in METHODS:
        raise InputError(f"unknown attribution {method!r}: {did_you_mean(method, METHODS)}")
    network = uncompiled(network)
    takes(network, images)
    if layer:
        layers_exist(network, [layer])
        with still(network):
            layer_outputs(network, [layer], images[:1].to(device_of(network)))
    elif method == "grad-cam":
        layer = deepest_map(network, block_outputs(network, images[:1].to(device_of(network))), images[:1])
    # Attributions explain one class's logit. Left to itself each network explains its own answer, and two networks that
    # answer differently would be compared on different questions: that is why `targets` can be given.
    asked = answers(network, images) if targets is None else _numbers(targets)
    if not np.issubdtype(asked.dtype, np.integer):
        raise InputError(f"attributions: targets are numbers of classes, integers, not {asked.dtype}")
    classes, outputs = asked.astype(np.int64), logits_of(network, images[:1]).shape[-1]
    if classes.size and not 0 <= classes.min() <= classes.max() < outputs:
        raise InputError(f"attributions: targets are 0 to {outputs - 1}, not {classes.min()} to {classes.max()}")
    if classes.shape != (len(images),):
        raise InputError(f"attributions: expected one class for each of {len(images)} images, not {classes.shape}")
    version = Version("network", "network", network, bypasses=bypass_quantizers)
    try:
        return explain(version, method, images, classes, How(steps=steps, layer=layer)).sum(1)
    except CannotExplain as reason:
        raise InputError(f"{method} cannot go through this {type(network).__name__}: {reason}") from reason


def _numbers(targets: Any) -> np.ndarray:
    if isinstance(targets, torch.Tensor):
        return targets.detach().cpu().numpy()
    try:
        return np.asarray(targets)
    except ValueError as error:
        raise InputError("attributions: targets are one class per image, not lists of several lengths") from error


def _maps(name: str, maps: Any) -> np.ndarray:
    try:
        values = maps.detach().cpu().numpy() if isinstance(maps, torch.Tensor) else np.asarray(maps)
    except (ValueError, TypeError, RuntimeError) as error:  # of several lengths; sparse, quantised, without values
        raise InputError(f"agreement: {name} is not one array of numbers (n, H, W): {first_line(error)}") from error
    if values.dtype.kind not in "biuf":
        raise InputError(f"agreement: {name} holds {values.dtype}, expected real numbers (n, H, W)")
    return values.astype(np.float64)  # unsigned numbers and booleans have no negative


@limits("agreement")
def agreement(first: np.ndarray, second: np.ndarray) -> Agreement:
    """How far do two networks' attributions of the same images and classes agree?

    Read it beside the agreement with another training and with a random network: maps of one image are alike anyway.

    >>> maps = np.random.default_rng(0).normal(size=(5, 8, 8))
    >>> agreement(maps, 2 * maps).spearman.round(6).tolist()
    [1.0, 1.0, 1.0, 1.0, 1.0]

    Args:
        first, second: (n, H, W), see `attributions`.

    Raises:
        InputError: they are no arrays of real numbers, or their shapes differ.
    """
    # Signed ranks and the overlap of the top tenth, never a cosine of absolute maps: non-negative maps have a high
    # cosine whatever they show (a random network's score 0.63 with the original's).
    first, second = _maps("first", first), _maps("second", second)
    if first.shape != second.shape or first.ndim < 2 or not first.size:
        raise InputError(f"agreement: expected maps of one shape (n, H, W), not {first.shape} and {second.shape}")
    rows = [side.reshape(len(side), -1) for side in (first, second)]
    return Agreement(spearman(*rows), top_overlap(*rows))
