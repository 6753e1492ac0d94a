"""What the benchmark does to its networks, for any `torch.nn.Module`: a library for notebooks.

Networks are left as they were; they are looked at in eval mode, on the device they are on. Images are normalised as the
network takes them, unless a docstring says pixels.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from bench.errors import InputError, did_you_mean
from bench.statistics.estimate import Estimate

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = [
    "Agreement",
    "Footprint",
    "agreement",
    "attributions",
    "compare",
    "footprint",
    "maximize_activation",
]


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a network costs.

    Attributes:
        payload_bytes: of the packed file, what papers count: weights, scales, codes, biases.
        file_bytes: of the whole packed file.
        peak_activation_bytes: feature maps alive at once, for one image.
        macs: multiply-accumulates, for one image.
        parameters: numbers in weights and biases, batch norms folded.
        nonzero_weights: weights that are not zero.
        layers: payload bytes by stored tensor.
    """

    payload_bytes: int
    file_bytes: int
    peak_activation_bytes: int
    macs: int
    parameters: int
    nonzero_weights: int
    layers: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two sets of attributions agree.

    Attributes:
        spearman: (n,) rank correlation over pixels, signs kept, -1 to 1; NaN where a map is constant.
        top_overlap: (n,) share of the 10% largest pixels they have in common, 0 to 1; chance is 0.1.
    """

    spearman: np.ndarray = field(repr=False)
    top_overlap: np.ndarray = field(repr=False)


def compare(
    first: nn.Module,
    second: nn.Module,
    batches: Iterable[Any],
    *,
    layers: Sequence[str] | None = None,
    features: Literal["pooled", "flattened"] = "pooled",
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
        batches: of images (b, C, H, W), or (images, labels) as a DataLoader gives them; read once.
        layers: names of modules that both networks have; default the outputs of the first network's blocks.
        features: of feature maps, mean over positions or all of them.
        measure: a file of `bench/similarity`, one that compares activations without labels.

    Returns:
        By layer; where similarity is undefined the value is NaN and `warning` says why.

    Raises:
        InputError: no such measure or layer, too few images, or no images.
    """
    from bench.diagnose._networks import still
    from bench.similarity import _catalog
    from bench.similarity._measure import Measure
    from bench.zoo._activations import as_features, block_activations
    from bench.zoo._blocks import block_outputs

    chosen = _catalog.measure(measure)
    if not isinstance(chosen, Measure) or chosen.compares != "activations":
        raise InputError(f"compare: {measure!r} needs more than activations; bench/similarity describes it")
    names = tuple(layers) if layers is not None else block_outputs(first)
    shown = [_images(batch) for batch in batches]
    if not shown:
        raise InputError("compare: there are no batches")
    sides = []
    for network in (first, second):
        _check_layers(network, names)
        with still(network):
            found = block_activations(network, names, [batch.to(_device(network)) for batch in shown])
        sides.append([as_features(activations, features) for activations in found])
    return {name: _estimate(chosen, x, y) for name, x, y in zip(names, *sides)}


def footprint(network: nn.Module, image: torch.Tensor) -> Footprint:
    """What does a network take as a packed file, and to run?

    The file is really written, batch norms folded, every tensor in its smallest exact layout: weights that are zero are
    not paid for. Quantisation in float arithmetic is not seen; the methods of `bench/compress` store integers.

    >>> import torch
    >>> from torch import nn
    >>> network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(288, 4))
    >>> found = footprint(network, torch.zeros(1, 3, 8, 8))
    >>> found.parameters, found.payload_bytes, found.macs
    (1380, 5520, 8928)

    Args:
        image: (1, C, H, W), of the shape that the network is used with.

    Raises:
        InputError: the image is not one, or the network cannot be packed or traced.
    """
    from copy import deepcopy

    from bench.footprint.compressed import Compressed
    from bench.footprint.cost import cost
    from bench.footprint.fold import finish
    from bench.footprint.packed import pack, sizes

    if image.ndim != 4 or len(image) != 1:
        raise InputError(f"footprint: expected one image (1, C, H, W), not {tuple(image.shape)}")
    own = deepcopy(network).cpu().eval()
    packed = pack(finish(Compressed(own, example=image.cpu())), {"name": type(network).__name__})
    size, found = sizes(packed), cost(packed, deepcopy(own), image.shape)
    return Footprint(
        payload_bytes=size.payload_bytes,
        file_bytes=size.file_bytes,
        peak_activation_bytes=found.peak_activation_bytes,
        macs=found.macs,
        parameters=found.parameters,
        nonzero_weights=found.nonzero_weights,
        layers={layer.name: layer.payload_bytes for layer in size.layers},
    )


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
        targets: (n,) classes that are explained; default the network's own answers. To compare networks, give both the
            same.
        method: "integrated-gradients", "grad-cam", "saliency", "smoothgrad", "occlusion", "guided-backprop" or "lrp".
        layer: of Grad-CAM; default the deepest block with at least 4×4 positions.
        steps: of integrated gradients.
        bypass_quantizers: let feature maps pass NNCF's quantisers, whose gradient is 0 where they clip.

    Returns:
        (n, H, W) float32, signed, summed over channels; at the layer's resolution for Grad-CAM.

    Raises:
        InputError: no such method or layer, or the method cannot go through this network (with the reason).
    """
    from bench.diagnose._explain import METHODS, CannotExplain, How, explain
    from bench.diagnose._networks import Version, answers, deepest_map
    from bench.zoo._blocks import block_outputs

    if method not in METHODS:
        raise InputError(f"unknown attribution {method!r}: {did_you_mean(method, METHODS)}")
    if layer:
        _check_layers(network, [layer])
    elif method == "grad-cam":
        layer = deepest_map(network, block_outputs(network), images[:1])
    classes = np.asarray(answers(network, images) if targets is None else targets, dtype=np.int64)
    if classes.shape != (len(images),):
        raise InputError(f"attributions: expected one class for each of {len(images)} images, not {classes.shape}")
    version = Version("network", "network", network, bypasses=bypass_quantizers)
    try:
        return explain(version, method, images, classes, How(steps=steps, layer=layer)).sum(1)
    except CannotExplain as reason:
        raise InputError(f"{method} cannot go through this {type(network).__name__}: {reason}") from reason


def agreement(first: np.ndarray, second: np.ndarray) -> Agreement:
    """How far do two networks' attributions of the same images and classes agree?

    Beside it belongs the agreement with another training and with a random network: maps of one image are alike anyway.

    >>> maps = np.random.default_rng(0).normal(size=(5, 8, 8))
    >>> agreement(maps, 2 * maps).spearman.round(6).tolist()
    [1.0, 1.0, 1.0, 1.0, 1.0]

    Args:
        first, second: (n, H, W), see `attributions`.

    Raises:
        InputError: maps of different shapes.
    """
    from bench.diagnose._agreement import spearman, top_overlap

    if first.shape != second.shape or first.ndim < 2 or not first.size:
        raise InputError(f"agreement: expected maps of one shape (n, H, W), not {first.shape} and {second.shape}")
    rows = [side.reshape(len(side), -1) for side in (first, second)]
    return Agreement(spearman(*rows), top_overlap(*rows))


def maximize_activation(
    network: nn.Module,
    layer: str,
    channels: Sequence[int],
    pixels: np.ndarray,
    *,
    mean: Sequence[float],
    std: Sequence[float],
    steps: int = 100,
    seed: int = 0,
) -> np.ndarray:
    """Which image drives a channel most?

    Gradient ascent on the middle unit before its ReLU, in a Fourier basis with the images' own colours; quantisers of
    feature maps are by-passed.

    >>> import torch
    >>> from torch import nn
    >>> network = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU())
    >>> pixels = np.random.default_rng(0).integers(0, 256, size=(16, 3, 8, 8), dtype=np.uint8)
    >>> maximize_activation(network, "1", [0, 5], pixels, mean=[0.5] * 3, std=[0.3] * 3, steps=5).shape
    (2, 3, 8, 8)

    Args:
        layer: name of a module that puts out feature maps; its rectifier is found.
        channels: indices, painted together.
        pixels: (n, C, H, W) uint8 real images, for the colours and for how strongly the channels usually react.
        mean, std: of each channel on the 0..1 scale, that the network's images are normalised with.
        steps: of the ascent.
        seed: of the first noise and of the jitter.

    Returns:
        (channels, C, H, W) uint8 pixels.

    Raises:
        InputError: no such layer or channel, or pixels that are not (n, C, H, W) uint8.
    """
    import torch

    from bench.diagnose._diagnostic import Probe
    from bench.diagnose._networks import Version, outputs, still
    from bench.diagnose._painting import Recipe
    from bench.diagnose._units import Channels, painted

    _check_layers(network, [layer])
    if pixels.ndim != 4 or pixels.dtype != np.uint8 or len(mean) != pixels.shape[1] or len(std) != pixels.shape[1]:
        raise InputError(
            f"pixels: expected (n, {len(mean)}, H, W) uint8 for this mean, not {pixels.shape} {pixels.dtype}"
        )
    centre, scale = (torch.tensor(each, dtype=torch.float32).view(-1, 1, 1) for each in (mean, std))
    images = (torch.from_numpy(pixels).float() / 255 - centre) / scale
    probe = Probe(images, pixels, np.zeros(len(pixels), int), tuple(mean), tuple(std), seed, (layer,))
    with still(network):
        shape = outputs(network, [layer], images[:1].to(_device(network)))[layer].shape
    if len(shape) != 4 or not all(0 <= channel < shape[1] for channel in channels):
        raise InputError(
            f"channels: expected 0 to {shape[1] - 1} of feature maps, layer {layer!r} puts out {tuple(shape)}"
        )
    version = Version("network", "network", network, bypasses=True)
    return painted(version, probe, Channels((layer,) * len(channels), tuple(channels)), Recipe(steps=steps), seed)[0]


def _images(batch: Any) -> torch.Tensor:
    return batch[0] if isinstance(batch, tuple | list) else batch


def _device(network: nn.Module) -> torch.device:
    from bench.diagnose._networks import device_of

    return device_of(network)


def _check_layers(network: nn.Module, layers: Iterable[str]) -> None:
    known = {name for name, _ in network.named_modules() if name}
    for layer in layers:
        if layer not in known:
            raise InputError(f"{type(network).__name__} has no module {layer!r}: {did_you_mean(layer, known)}")


def _estimate(measure: Any, x: np.ndarray, y: np.ndarray) -> Estimate:
    try:
        return measure.estimate(x, y)
    except InputError as reason:
        return Estimate(math.nan, math.nan, math.nan, len(x), "image", "none", warning=str(reason))
