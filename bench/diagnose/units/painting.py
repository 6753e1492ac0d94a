"""Images made by gradient ascent: the parametrisation and the regularisers that keep them legible at 32×32.

Source: Olah et al., Feature Visualization (2017): Fourier basis, decorrelated colours, transformation robustness.
"""

# Ascent on pixels ends in high-frequency noise that excites a unit and shows a reader nothing. Three choices of Olah et
# al. avoid it:
#
# 1. The variable is the image's spectrum, each coefficient divided by its frequency. Adam takes steps of one size in
#    every variable, so a step changes low frequencies most, as in natural images, whose amplitudes fall like 1/f.
# 2. Its channels are independent colours; a root of the covariance of the probe's pixels turns them into pixels. A
#    step thus moves colours along with each other as the data set does.
# 3. Each step sees the image shifted at random (jitter), so that a pattern must work wherever it lies.
#
# Total variation and an occasional blur remove the noise that remains at this size.

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from bench.diagnose.diagnostic import Probe

START = 0.01  # standard deviation of the spectrum before the first step
GAIN = 0.25  # of the spectrum, so that a step of Adam changes the picture a little
DARKEST = 0.02  # a pixel that a picture starts from is kept this far from black and white

Objective = Callable[[torch.Tensor], torch.Tensor]  # normalised images (n, C, H, W) to what is maximised (n,)


@dataclass(frozen=True)
class Ascent:
    """Settings of the gradient ascent that paints an image.

    Attributes:
        steps: of Adam.
        learning_rate: of Adam.
        jitter: largest shift in a step, as a share of the image's side; 4 pixels of 32.
        variation: weight of the total variation, in the objective's unit for a mean step of 1 between neighbours.
        blur_every: steps between two blurs.
        blur: standard deviation of the Gaussian, as a share of the image's side.
    """

    steps: int = 100
    learning_rate: float = 0.05
    jitter: float = 0.125
    variation: float = 10.0
    blur_every: int = 10
    blur: float = 0.0156


@dataclass(frozen=True, eq=False)
class Palette:
    """Colours of the probe images.

    Attributes:
        mixing: (C, C), independent colours to pixels before the sigmoid; a root of the pixels' covariance, scaled so
            that its longest column has length 1.
        centre: (C, 1, 1), the mean colour before the sigmoid.
        mean, std: (C, 1, 1) that networks' images are normalised with.
    """

    mixing: torch.Tensor
    centre: torch.Tensor
    mean: torch.Tensor
    std: torch.Tensor

    @classmethod
    def of(cls, probe: Probe, device: torch.device) -> Palette:
        """From the probe's pixels and constants."""
        # cov = V diag(λ) Vᵀ, so V diag(√λ) is a root. Rounding may leave a λ slightly below 0.
        pixels = np.moveaxis(probe.pixels, 1, 0).reshape(probe.pixels.shape[1], -1) / 255.0
        variances, directions = np.linalg.eigh(np.atleast_2d(np.cov(pixels)))
        root = directions * np.sqrt(np.maximum(variances, 0.0))
        largest = np.linalg.norm(root, axis=0).max()
        mixing = root / largest if largest > 0 else np.eye(len(root))
        mean = np.clip(pixels.mean(1), DARKEST, 1 - DARKEST)
        columns = (np.log(mean / (1 - mean)), probe.mean, probe.std)
        tensors = [
            torch.tensor(np.asarray(column), dtype=torch.float32, device=device) for column in (mixing, *columns)
        ]
        return cls(tensors[0], *(tensor[:, None, None] for tensor in tensors[1:]))

    def paint(self, colours: torch.Tensor) -> torch.Tensor:
        """Independent colours (n, C, H, W), any number, to pixels between 0 and 1."""
        return torch.sigmoid(torch.einsum("ij,njhw->nihw", self.mixing, colours) + self.centre)

    def unpaint(self, pixels: torch.Tensor) -> torch.Tensor:
        """The inverse of `paint`, a pseudo-inverse if the mixing has none; pixels stay off black and white."""
        inside = pixels.clamp(DARKEST, 1 - DARKEST)  # the logit of 0 and 1 is infinite
        return torch.einsum("ij,njhw->nihw", torch.linalg.pinv(self.mixing), torch.logit(inside) - self.centre)

    def normalise(self, pixels: torch.Tensor) -> torch.Tensor:
        """Pixels between 0 and 1 as a network takes them."""
        return (pixels - self.mean) / self.std

    def shown(self, pixels: np.ndarray) -> torch.Tensor:
        """Pixels (n, C, H, W) uint8 as a network takes them."""
        return self.normalise(torch.from_numpy(pixels).to(self.mean.device).float() / 255)


class Canvas:
    """One spectrum per image; the canvas is larger than the image by the jitter on every side, so shifts stay inside.

    Args:
        start: (n, C, H, W) independent colours to start from; None for a faint noise, drawn from the seed.
    """

    def __init__(self, shape: Sequence[int], jitter: int, seed: int, device: torch.device, start: torch.Tensor | None):
        n, channels, self.size = shape[0], shape[1], shape[2]
        self.jitter, side = jitter, shape[2] + 2 * jitter
        # A real image's spectrum is symmetric: half of the columns suffice (rfft). The mean, of frequency 0, is scaled
        # like the lowest frequency, 1 / side.
        frequencies = torch.hypot(torch.fft.fftfreq(side)[:, None], torch.fft.rfftfreq(side))
        self.frequencies = frequencies.to(device)
        self.scale = GAIN / self.frequencies.clamp_min(1 / side)
        self.side = side
        if start is None:
            noise = torch.randn(n, channels, side, side // 2 + 1, 2, generator=torch.Generator().manual_seed(seed))
            spectrum = torch.view_as_complex(START * noise).to(device)
        else:
            padded = torch.nn.functional.pad(start, (jitter,) * 4, mode="replicate")
            spectrum = torch.fft.rfft2(padded, norm="ortho") / self.scale
        self.spectrum = torch.view_as_real(spectrum).clone().requires_grad_()

    def colours(self) -> torch.Tensor:
        """Independent colours of the whole canvas, (n, C, side, side)."""
        spectrum = torch.view_as_complex(self.spectrum) * self.scale
        return torch.fft.irfft2(spectrum, s=(self.side, self.side), norm="ortho")

    def cut(self, colours: torch.Tensor, down: int, right: int) -> torch.Tensor:
        """The image that is `down` and `right` of the middle, by at most the jitter."""
        top, left = self.jitter + down, self.jitter + right
        return colours[..., top : top + self.size, left : left + self.size]

    @torch.no_grad()
    def blur(self, deviation: float) -> None:
        """Damp high frequencies as a Gaussian of this standard deviation, in pixels, does: by exp(-2π²σ²f²)."""
        self.spectrum *= torch.exp(-2 * (torch.pi * deviation * self.frequencies) ** 2)[..., None]


def ascend(
    objective: Objective,
    shape: Sequence[int],
    palette: Palette,
    ascent: Ascent,
    seed: int,
    start: torch.Tensor | None = None,
) -> np.ndarray:
    """Paint images that make an objective large.

    Args:
        objective: differentiable; each image's value depends on that image alone.
        shape: (n, C, H, W).
        seed: of the first noise and of the jitter.
        start: (n, C, H, W) pixels between 0 and 1 to start from instead of noise.

    Returns:
        (n, C, H, W) uint8 pixels.
    """
    jitter = round(ascent.jitter * shape[2])
    device = palette.mixing.device
    canvas = Canvas(shape, jitter, seed, device, None if start is None else palette.unpaint(start))
    # Shifts are drawn on the CPU ahead of the loop: the same seed jitters alike on every device.
    shifts = np.random.default_rng(seed).integers(-jitter, jitter + 1, size=(ascent.steps, 2))
    optimizer = torch.optim.Adam([canvas.spectrum], lr=ascent.learning_rate)
    for step, (down, right) in enumerate(shifts.tolist(), start=1):
        pixels = palette.paint(canvas.cut(canvas.colours(), down, right))
        gain = objective(palette.normalise(pixels)) - ascent.variation * total_variation(pixels)
        # Only the spectrum's gradient is wanted. The images are summed since none depends on another's spectrum.
        (canvas.spectrum.grad,) = torch.autograd.grad(-gain.sum(), [canvas.spectrum])
        optimizer.step()
        # No blur after the last step, which would leave the picture softer than the objective wants it.
        if ascent.blur_every and step % ascent.blur_every == 0 and step < ascent.steps:
            canvas.blur(ascent.blur * shape[2])
    with torch.no_grad():
        pixels = palette.paint(canvas.cut(canvas.colours(), 0, 0))
    return (pixels * 255).round().to(torch.uint8).cpu().numpy()


def total_variation(pixels: torch.Tensor) -> torch.Tensor:
    """Mean absolute step between neighbours, (n,), of pixels (n, C, H, W) between 0 and 1."""
    down = (pixels[..., 1:, :] - pixels[..., :-1, :]).abs().mean((1, 2, 3))
    right = (pixels[..., 1:] - pixels[..., :-1]).abs().mean((1, 2, 3))
    return down + right
