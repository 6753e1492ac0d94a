"""Images made worse by torchvision's transforms, and what networks still see in them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torchvision.transforms.v2 import functional as transforms

from bench.diagnose.networks import Version, seeded
from bench.training import evaluate

BLUR_REACH = 3.0  # standard deviations, on each side

Severities = Mapping[str, Sequence[float]]


def corrupted(pixels: np.ndarray, severities: Severities, seed: int) -> tuple[dict[str, np.ndarray], list[str]]:
    """Every corruption at every severity.

    Args:
        pixels: (n, C, H, W) uint8.
        severities: by corruption, a key of `CORRUPTIONS`.
        seed: of the noise.

    Returns:
        (severities, n, C, H, W) uint8 by corruption, and one sentence for each corruption that could not be made.
    """
    images, stacks, notes = torch.from_numpy(np.array(pixels)), {}, []
    for corruption, strengths in severities.items():
        try:
            with seeded(seed), warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # torchvision's, of its encoder of JPEG
                worse = [CORRUPTIONS[corruption](images, strength).numpy() for strength in strengths]
        except (AttributeError, RuntimeError, ValueError, TypeError) as error:
            notes.append(f"{corruption} cannot be applied to images of {pixels.shape[1]} channels: {error}.")
        else:
            stacks[corruption] = np.stack(worse)
    return stacks, notes


def right(
    version: Version, pixels: np.ndarray, labels: np.ndarray, mean: Sequence[float], std: Sequence[float]
) -> np.ndarray:
    """Which answers are right, (..., n) bool, for pixels (..., n, C, H, W) uint8 and labels (n,)."""
    flat = pixels.reshape(-1, *pixels.shape[-3:])
    with version.opened() as network:
        logits = evaluate.logits(network, flat, mean, std, version.device)
    return logits.argmax(1).reshape(pixels.shape[:-3]) == labels


def _noise(images: torch.Tensor, deviation: float) -> torch.Tensor:
    worse = transforms.gaussian_noise(images.float() / 255, mean=0.0, sigma=deviation, clip=True)
    return (worse * 255).round().to(torch.uint8)


def _blur(images: torch.Tensor, deviation: float) -> torch.Tensor:
    side = 2 * int(np.ceil(BLUR_REACH * deviation)) + 1
    reach = 2 * (min(images.shape[-2:]) - 1) + 1  # mirrored padding reaches no further
    return transforms.gaussian_blur(images, kernel_size=min(side, reach), sigma=deviation)


CORRUPTIONS: dict[str, Callable[[torch.Tensor, float], torch.Tensor]] = {
    "noise": _noise,
    "blur": _blur,
    "contrast": transforms.adjust_contrast,
    "brightness": transforms.adjust_brightness,
    "jpeg": lambda images, quality: transforms.jpeg(images, int(quality)),
}
