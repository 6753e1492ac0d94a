"""Populations whose similarity is known, to measure intervals and tests against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from bench.errors import InputError, did_you_mean

Spectrum = Literal["decaying", "flat"]
Images = Literal["plain", "outliers"]

SPECTRA = ("decaying", "flat")
IMAGES = ("plain", "outliers")
OUTLIER_SHARE = 0.005  # of the images
OUTLIER_FACTOR = 30.0  # times as large as the others
CUT = 3.0  # SDs beyond which a seed's shift of ρ is cut off

# X = zΛ and Y = (√ρ·z + √(1-ρ)·e)Λ, with z and e independent standard normal and Λ diagonal, have linear CKA of exactly
# ρ in the population, whatever Λ: Σxy = √ρΛ² and Σxx = Σyy = Λ², so that ‖Σxy‖²/(‖Σxx‖ ‖Σyy‖) = ρ. Scaling whole images
# by a factor of finite second moment, drawn independently of z and e, multiplies all three by that moment and leaves ρ
# as it is: that is how outliers are made without changing the truth.


@dataclass(frozen=True, slots=True)
class Population:
    """Layers of d units on which linear CKA is known.

    Attributes:
        d: units of a layer.
        spectrum: "decaying" (singular values 1/√k) or "flat".
        images: "plain", or "outliers": one image in 200 is thirty times as large.
        common: share of the variance of z and e that all seeds have in common, since they see the same images.
        seed_sd: standard deviation of ρ between seeds; the mean over seeds stays ρ.
    """

    d: int = 32
    spectrum: Spectrum = "decaying"
    images: Images = "plain"
    common: float = 0.5
    seed_sd: float = 0.03

    def __post_init__(self) -> None:
        if self.spectrum not in SPECTRA:
            raise InputError(f"spectrum: unknown {self.spectrum!r}; {did_you_mean(self.spectrum, SPECTRA)}")
        if self.images not in IMAGES:
            raise InputError(f"images: unknown {self.images!r}; {did_you_mean(self.images, IMAGES)}")


def singular_values(population: Population) -> np.ndarray:
    """(d,) the diagonal of Λ."""
    if population.spectrum == "flat":
        return np.ones(population.d)
    return 1 / np.sqrt(np.arange(1, population.d + 1))


def layer_pair(population: Population, rho: float, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two layers of one network on n images, (n, d) each, with population linear CKA exactly rho."""
    z, e = rng.standard_normal((2, n, population.d))
    factor = image_factors(population, n, rng)
    return _layer(population, z, factor), _layer(population, _mixed(z, e, rho), factor)


def seed_layers(
    population: Population, rhos: tuple[float, ...], seeds: int, n: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Originals and their compressed versions, for several seeds on the same n images.

    Args:
        rhos: mean population CKA of each compression method to the original. Half of the variance between seeds
            shifts all methods together, the other half shifts each method by itself.

    Returns:
        originals (S, n, d) and compressed (methods, S, n, d).
    """
    factor = image_factors(population, n, rng)
    z = _seen_by_seeds(population, seeds, n, rng)
    e = _seen_by_seeds(population, seeds, n, rng)
    of_seed = seed_rhos(population, rhos, seeds, rng)
    originals = np.stack([_layer(population, latent, factor) for latent in z])
    compressed = [[_layer(population, _mixed(z[s], e[s], rho[s]), factor) for s in range(seeds)] for rho in of_seed]
    return originals, np.asarray(compressed)


def seed_rhos(population: Population, rhos: tuple[float, ...], seeds: int, rng: np.random.Generator) -> np.ndarray:
    """(methods, S) ρ of each method and seed: symmetric about the method's mean, cut at three SDs and within 0 to 1."""
    together, apart = rng.standard_normal(seeds), rng.standard_normal((len(rhos), seeds))
    shift = population.seed_sd * np.clip((together + apart) / np.sqrt(2), -CUT, CUT)
    # Cut symmetrically, at the nearer end of 0 to 1, so that the mean stays ρ.
    room = np.minimum(rhos, 1 - np.asarray(rhos))[:, None]
    return np.asarray(rhos)[:, None] + np.clip(shift, -room, room)


def image_factors(population: Population, n: int, rng: np.random.Generator) -> np.ndarray:
    """(n,) size of each image: 1, except for a few far larger outliers."""
    if population.images == "plain":
        return np.ones(n)
    return np.where(rng.random(n) < OUTLIER_SHARE, OUTLIER_FACTOR, 1.0)


def _seen_by_seeds(population: Population, seeds: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """(S, n, d) standard normal, a share `common` of whose variance is the same for all seeds."""
    shared = rng.standard_normal((n, population.d))
    of_seed = rng.standard_normal((seeds, n, population.d))
    return np.sqrt(population.common) * shared + np.sqrt(1 - population.common) * of_seed


def _mixed(z: np.ndarray, e: np.ndarray, rho: float) -> np.ndarray:
    return np.sqrt(rho) * z + np.sqrt(1 - rho) * e


def _layer(population: Population, latent: np.ndarray, factor: np.ndarray) -> np.ndarray:
    return latent * singular_values(population) * factor[:, None]
