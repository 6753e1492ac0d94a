"""What a look inside is, what it is given, and what it finds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import ConfigDict

if TYPE_CHECKING:
    import torch
    from torch import nn

NO_ORIGINAL = "There is no original network to compare with: nothing was computed."


@dataclass(frozen=True, eq=False)
class Probe:
    """The images that every network is shown.

    Attributes:
        images: (n, C, H, W) float32, normalised: (pixels / 255 - mean) / std.
        pixels: (n, C, H, W) uint8, the same images.
        labels: (n,) int64.
        mean, std: of each channel, on the 0..1 scale.
        seed: of everything that is drawn.
        layers: module names of block outputs, in forward order.
    """

    images: torch.Tensor
    pixels: np.ndarray
    labels: np.ndarray
    mean: tuple[float, ...]
    std: tuple[float, ...]
    seed: int
    layers: tuple[str, ...]

    @property
    def size(self) -> int:
        """Side of the square images, pixels."""
        return self.pixels.shape[-1]

    @cached_property
    def fingerprint(self) -> str:
        """Changes whenever anything of the probe does."""
        digest = sha256(np.ascontiguousarray(self.pixels).tobytes())
        digest.update(self.images.detach().cpu().numpy().tobytes())
        digest.update(np.ascontiguousarray(self.labels).tobytes())
        digest.update(repr((self.pixels.shape, self.mean, self.std, self.seed, self.layers)).encode())
        return digest.hexdigest()

    def spread(self, count: int) -> np.ndarray:
        """Indices of `count` images at even distances, or of all where there are fewer: test sets are often sorted."""
        return spread(len(self.labels), count)


@dataclass(frozen=True)
class Findings:
    """What a diagnostic found.

    Attributes:
        metrics: flat, `name.version`, ready for JSON; None where a number is undefined.
        arrays: for figures and for statistics over images and seeds.
        notes: what could not be done and why, a sentence each. What is noted has no number.
    """

    metrics: dict[str, float | None] = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Diagnostic(ABC):
    """A look inside: its settings are fields (validated by their annotations), its behaviour is one call.

    Class attributes:
        version: raised whenever the same networks and settings give other numbers.
        title: as printed in figures and tables.
        source: citation keys in `references.bib`; empty to cite all of `bibtex`.
        bibtex: BibTeX entries that `references.bib` lacks.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    version: ClassVar[int] = 1
    title: ClassVar[str]
    source: ClassVar[tuple[str, ...]] = ()
    bibtex: ClassVar[str] = ""

    @abstractmethod
    def __call__(self, networks: Mapping[str, nn.Module], probe: Probe) -> Findings:
        """Look inside networks that answer the same question.

        Args:
            networks: by role, see `bench.roles.ROLES`; those that are missing are skipped. They are left as they were.
            probe: on any device; images are moved to where a network is.
        """

    def settings(self) -> dict[str, Any]:
        """The settings by name, ready for JSON."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def spread(total: int, count: int) -> np.ndarray:
    """`count` whole numbers from 0 to total - 1 at even distances, or all of them where there are fewer.

    >>> spread(10, 3)
    array([0, 4, 9])
    """
    return np.unique(np.linspace(0, total - 1, min(count, total)).astype(int))


def mean_or_none(values: np.ndarray) -> float | None:
    """The mean of the numbers that are finite; None where none is."""
    kept = np.asarray(values, dtype=np.float64)
    kept = kept[np.isfinite(kept)]
    return float(kept.mean()) if kept.size else None
