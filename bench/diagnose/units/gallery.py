"""Pictures of whole networks: class images, dreams, inverted features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from bench.diagnose.diagnostic import Probe
from bench.diagnose.networks import Version, outputs
from bench.diagnose.taps import Taps
from bench.diagnose.units.painting import Ascent, Palette, ascend

CLASS = Ascent()
DREAM = Ascent(steps=30, learning_rate=0.02, variation=1.0)
INVERSION = Ascent(jitter=0.0, variation=0.5, blur_every=0, learning_rate=0.1)
TINY = 1e-12  # keeps a quotient finite where a layer never changes


def stage_ends(version: Version, probe: Probe) -> list[str]:
    """The last block of every stage; a stage is a resolution of the feature maps.

    Raises:
        LookupError: a layer does not exist or is not called.
    """
    with version.opened() as network:
        maps = outputs(network, probe.layers, probe.images[:1].to(version.device))
    return list({maps[layer].shape[2:]: layer for layer in probe.layers if maps[layer].ndim == 4}.values())


def class_images(version: Version, probe: Probe, classes: np.ndarray, steps: int) -> np.ndarray:
    """Images (classes, C, H, W) uint8 that make the logit of each class large, in its deviations over the probe."""
    palette, shape = Palette.of(probe, version.device), (len(classes), *probe.pixels.shape[1:])

    def compute() -> np.ndarray:
        with version.opened() as network:
            # The logit, not the probability: a softmax is also raised by lowering all other classes. In deviations, so
            # that the variation weighs as much against every network's logits.
            with torch.no_grad():
                deviation = network(probe.images.to(version.device))[:, classes].std(0)
            scale = 1 / deviation.clamp_min(TINY)

            def objective(images: torch.Tensor) -> torch.Tensor:
                return network(images)[torch.arange(len(classes)), classes] * scale

            return ascend(objective, shape, palette, replace(CLASS, steps=steps), probe.seed)

    return version.once(compute, "class-images", probe.fingerprint, tuple(classes), steps)


def dreams(version: Version, probe: Probe, layer: str, chosen: np.ndarray, steps: int) -> np.ndarray:
    """Probe images changed so that a layer is excited more, relative to the unchanged image: (n, C, H, W) uint8.

    Raises:
        LookupError: the layer does not exist or is not called.
    """
    palette, images = Palette.of(probe, version.device), probe.images[chosen].to(version.device)
    start = torch.from_numpy(probe.pixels[chosen]).to(version.device).float() / 255

    def compute() -> np.ndarray:
        with version.opened() as network:
            before = _power(outputs(network, [layer], images)[layer]).clamp_min(TINY)
            with Taps(network, {layer: layer}) as taps:

                def objective(shown: torch.Tensor) -> torch.Tensor:
                    network(shown)
                    return _power(taps.seen[layer]) / before

                ascent = replace(DREAM, steps=steps)
                return ascend(objective, tuple(images.shape), palette, ascent, probe.seed, start)

    return version.once(compute, "dreams", probe.fingerprint, layer, tuple(chosen), steps)


def inversions(
    version: Version, probe: Probe, layers: Sequence[str], chosen: np.ndarray, steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Images that give each layer what the probe images gave it, and how far they miss.

    Returns:
        (layers, n, C, H, W) uint8, and (layers, n) float32, the squared distance of features as a share of the real
        image's to the probe's mean features.

    Raises:
        LookupError: a layer does not exist or is not called.
    """
    key = ("inversions", probe.fingerprint, tuple(layers), tuple(chosen), steps)
    return version.once(lambda: _inversions(version, probe, layers, chosen, steps), *key)


def _inversions(
    version: Version, probe: Probe, layers: Sequence[str], chosen: np.ndarray, steps: int
) -> tuple[np.ndarray, np.ndarray]:
    # Mahendran and Vedaldi (2015): minimise ‖Φ(x) - Φ(x₀)‖² plus a regulariser, here the painter's total variation. The
    # error of an image is divided by ‖Φ(x₀) - Φ̄‖², its distance to the mean features of the probe, so that 1 means no
    # better than knowing nothing of the image and layers and networks of any scale can be compared. All layers are
    # inverted in one batch: rows of layer l count only that layer's error.
    palette = Palette.of(probe, version.device)
    shape = (len(layers) * len(chosen), *probe.pixels.shape[1:])
    with version.opened() as network:
        features = outputs(network, layers, probe.images.to(version.device))
        centres = {layer: features[layer].mean(0) for layer in layers}
        targets = {layer: features[layer][chosen] for layer in layers}
        scales = {layer: _power(targets[layer] - centres[layer]).clamp_min(TINY) for layer in layers}
        with Taps(network, {layer: layer for layer in layers}) as taps:

            def missed(images: torch.Tensor) -> torch.Tensor:
                network(images)
                rows = [taps.seen[layer].unflatten(0, (len(layers), -1))[row] for row, layer in enumerate(layers)]
                parts = [_power(row - targets[layer]) / scales[layer] for row, layer in zip(rows, layers)]
                return torch.cat(parts)

            pixels = ascend(lambda images: -missed(images), shape, palette, replace(INVERSION, steps=steps), probe.seed)
            with torch.no_grad():
                errors = missed(palette.shown(pixels)).cpu().numpy().astype(np.float32)
    return pixels.reshape(len(layers), len(chosen), *shape[1:]), errors.reshape(len(layers), len(chosen))


def _power(maps: torch.Tensor) -> torch.Tensor:
    """Mean square of the values of each image, (n,)."""
    return maps.flatten(1).square().mean(1)
