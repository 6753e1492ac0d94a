"""What drives a channel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from bench.api._checks import layers_exist, listed, takes, uncompiled, whole
from bench.diagnose.diagnostic import Probe
from bench.diagnose.networks import Version, device_of, outputs, still
from bench.diagnose.units.maximization import Channels, painted
from bench.diagnose.units.painting import Ascent
from bench.errors import InputError, limits


@limits("maximize_activation")
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
        channels: their indices; all images are painted in one batch.
        pixels: (n, C, H, W) uint8, real images: their colours decorrelate the ascent's, and the channels' responses to
            them set the scale.
        mean, std: the network's normalisation, one number per channel on the 0..1 scale.
        steps: of the ascent.
        seed: of the first noise and of the jitter.

    Returns:
        (channels, C, H, W) uint8 pixels.

    Raises:
        InputError: the layer or a channel does not exist, or `pixels` is not (n, C, H, W) uint8.
    """
    network = uncompiled(network)
    layers_exist(network, [layer])
    whole("steps", steps, 1)
    whole("seed", seed, 0)
    channels = listed("channels", channels, "indices")
    if not channels:
        raise InputError("channels: expected a list of indices, not []")
    mean, std = listed("mean", mean, "numbers"), listed("std", std, "numbers")
    for channel in channels:
        whole("channels", channel, 0)
    if not isinstance(pixels, np.ndarray):
        raise InputError(f"pixels: expected a NumPy array (n, C, H, W) uint8, not {type(pixels).__name__}")
    if pixels.ndim != 4 or pixels.dtype != np.uint8 or len(mean) != pixels.shape[1] or len(std) != pixels.shape[1]:
        raise InputError(
            f"pixels: expected (n, {len(mean)}, H, W) uint8 for this mean, not {pixels.shape} {pixels.dtype}"
        )
    if not all(isinstance(value, int | float | np.number) for value in (*mean, *std)):
        raise InputError(f"mean and std: expected numbers, not {list(mean)} and {list(std)}")
    if not (np.isfinite([*mean, *std]).all() and min(std) > 0):
        raise InputError(f"mean and std: expected finite numbers and std above 0, not {list(mean)} and {list(std)}")
    centre, scale = (torch.tensor(values, dtype=torch.float32).view(-1, 1, 1) for values in (mean, std))
    images = (torch.from_numpy(np.ascontiguousarray(pixels)).float() / 255 - centre) / scale
    takes(network, images)
    probe = Probe(images, pixels, np.zeros(len(pixels), int), tuple(mean), tuple(std), seed, (layer,))
    # One image through the network tells what the layer puts out: a name alone cannot tell a convolution from a
    # classifier, whose units have no centre to maximise at.
    with still(network):
        shape = outputs(network, [layer], images[:1].to(device_of(network)))[layer].shape
    if len(shape) != 4:
        raise InputError(f"layer {layer!r} puts out {tuple(shape)} for one image, expected feature maps (1, C, H, W)")
    if not all(0 <= channel < shape[1] for channel in channels):
        raise InputError(f"channels: expected 0 to {shape[1] - 1}, layer {layer!r} puts out {tuple(shape)}")
    # By-passed quantisers: where they clip, the gradient is 0, and the ascent would stand still.
    version = Version("network", "network", network, bypasses=True)
    return painted(version, probe, Channels((layer,) * len(channels), tuple(channels)), Ascent(steps=steps), seed)[0]
