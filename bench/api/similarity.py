"""Two networks, layer by layer."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Literal, get_args

import numpy as np
import torch
from torch import nn

from bench.api._checks import layers_exist, listed, takes, text, uncompiled
from bench.diagnose.networks import device_of, still
from bench.errors import InputError, did_you_mean, limits
from bench.similarity import catalog
from bench.similarity.measure import Measure
from bench.statistics.estimate import Estimate
from bench.zoo.networks.activations import block_outputs_of
from bench.zoo.networks.blocks import block_outputs
from bench.zoo.networks.calls import NoOutput

Features = Literal["pooled", "flattened"]
WHICH = ("first", "second")
HELD = 2 * 10**9  # bytes of both networks' activations at a time


@limits("compare")
def compare(
    first: nn.Module,
    second: nn.Module,
    batches: Iterable[Any],
    *,
    layers: Sequence[str] | None = None,
    features: Features = "pooled",
    measure: str = "debiased-cka",
) -> dict[str, Estimate]:
    """How similar are two networks, layer by layer, with a 95% interval over images?

    >>> import torch
    >>> from torch import nn
    >>> layers = [nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(128, 4)]
    >>> network = nn.Sequential(*layers)
    >>> similarity = compare(network, network, [torch.randn(64, 3, 8, 8)])
    >>> {layer: round(estimate.value, 6) for layer, estimate in similarity.items()}
    {'1': 1.0, '3': 1.0}

    Args:
        batches: images (b, C, H, W), or (images, labels) as a DataLoader yields them; read once.
        layers: names of modules that both networks have; default the outputs of the first network's blocks. Of a module
            that is called more than once, name a call: `layer1.0.relu#2` is the second.
        features: "pooled" is the mean of a feature map over positions, of (n, tokens, width) over tokens; "flattened"
            keeps every position.
        measure: a name of `python -m bench list measures` that compares activations without labels.

    Returns:
        One estimate per layer. Where similarity is undefined, the value is NaN and `warning` says why.

    Raises:
        InputError: no such measure or layer, too few images, or no images.
    """
    text("measure", measure)
    chosen = catalog.measure(measure)
    if not isinstance(chosen, Measure) or chosen.compares != "activations":
        raise InputError(f"compare: {measure!r} needs more than activations; bench/similarity describes it")
    if features not in get_args(Features):
        raise InputError(f"compare: unknown features {features!r}: {did_you_mean(str(features), get_args(Features))}")
    if isinstance(layers, str):
        raise InputError(f"compare: layers is a list of names, e.g. [{layers!r}], not a text")
    asked = None if layers is None else listed("layers", layers, "names")
    if asked == []:
        raise InputError("compare: layers is an empty list; leave it out for the blocks of the first network")
    first, second = uncompiled(first), uncompiled(second)
    if isinstance(batches, torch.Tensor):
        raise InputError("compare: batches is a list of tensors (b, C, H, W), e.g. [images], not a tensor")
    shown = [_images(batch) for batch in listed("batches", batches, "tensors (b, C, H, W)")]
    if not shown:
        raise InputError("compare: there are no batches")
    # The batches are kept, because both networks must see the same images in the same order and a DataLoader that
    # shuffles or augments gives others at its second pass.
    for network in (first, second):
        takes(network, shown[0])
    _alike(shown)
    names = tuple(asked) if asked is not None else block_outputs(first, shown[0][:1].to(device_of(first)))
    for network in (first, second):
        layers_exist(network, names)
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise InputError(f"compare: layer {twice[0]!r} is named twice; the second call of a module is '{twice[0]}#2'")
    estimates: dict[str, Estimate] = {}
    for group in _groups(first, names, shown, features):
        sides = [_features(network, group, shown, features, which) for network, which in zip((first, second), WHICH)]
        estimates |= {name: _estimate(chosen, x, y) for name, x, y in zip(group, *sides)}
    return estimates


# Flattened, the blocks of a small network at 10,000 images take 7 GB: as many layers as fit are looked at together, and
# the images go through the networks once more for the next ones.
def _groups(
    network: nn.Module, names: Sequence[str], shown: Sequence[torch.Tensor], features: Features
) -> list[list[str]]:
    """The layers, in order, so that the activations of each group on all images take at most HELD bytes."""
    images = sum(len(batch) for batch in shown)
    groups: list[list[str]] = []
    held = np.inf
    for name, one in zip(names, _features(network, names, shown[:1], features, WHICH[0])):
        size = 2.0 * images * one[:1].nbytes
        if held + size > HELD:
            groups.append([])
            held = 0.0
        groups[-1].append(name)
        held += size
    return groups


def _features(
    network: nn.Module, names: Sequence[str], shown: Sequence[torch.Tensor], features: Features, which: str
) -> list[np.ndarray]:
    """Every layer's features, (n, d) each; feature maps are held for one batch at a time."""
    try:
        with still(network):
            outputs = block_outputs_of(network, names, (batch.to(device_of(network)) for batch in shown), [features])
    except NoOutput as reason:
        raise InputError(f"compare, {which} network: {reason}") from reason
    return [layer.features[features] for layer in outputs]


def _images(batch: Any) -> torch.Tensor:
    return batch[0] if isinstance(batch, tuple | list) and batch else batch


def _alike(batches: Sequence[torch.Tensor]) -> None:
    """Refuse a batch that is no tensor, or whose images are of another kind than the first one's."""
    first = batches[0]
    for number, batch in enumerate(batches, 1):
        if not isinstance(batch, torch.Tensor):
            raise InputError(f"compare: batch {number} is {type(batch).__name__}, expected a tensor (b, C, H, W)")
        if batch.ndim != first.ndim or batch.shape[1:2] != first.shape[1:2] or batch.dtype != first.dtype:
            one, other = (f"{tuple(each.shape)} {str(each.dtype).removeprefix('torch.')}" for each in (batch, first))
            raise InputError(f"compare: batch {number} is {one}, the first is {other}: expected the same kind")


def _estimate(measure: Measure, x: np.ndarray, y: np.ndarray) -> Estimate:
    try:
        return measure.estimate(x, y)
    except InputError as refusal:  # a layer without spread is an answer, and the other layers still have theirs
        reason = str(refusal)
    except np.linalg.LinAlgError as error:
        reason = f"{measure.title} cannot decompose this layer's activations: {error}."
    except MemoryError:
        reason = f"{measure.title} needs more memory for {len(x)} images than there is."
    return Estimate(math.nan, math.nan, math.nan, len(x), "image", "none", warning=reason)
