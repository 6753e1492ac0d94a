"""The contract of a diagnostic: what it declares, what it is shown, what it returns."""

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
    """The images that every network is shown, the same in all cells of a profile.

    Attributes:
        images: (n, C, H, W) float32, normalised: (pixels / 255 - mean) / std.
        pixels: (n, C, H, W) uint8, the same images.
        labels: (n,) int64.
        mean, std: of each channel, on the 0..1 scale.
        seed: of everything that a diagnostic draws.
        layers: names of the original's modules whose outputs are block outputs, in forward order. A compressed network
            may lack one.
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
        """A hash that changes whenever anything of the probe does; a key for results that are kept."""
        digest = sha256(np.ascontiguousarray(self.pixels).tobytes())
        digest.update(self.images.detach().cpu().numpy().tobytes())
        digest.update(np.ascontiguousarray(self.labels).tobytes())
        digest.update(repr((self.pixels.shape, self.mean, self.std, self.seed, self.layers)).encode())
        return digest.hexdigest()

    def spread(self, count: int) -> np.ndarray:
        """Indices of `count` images at even distances, since test sets are often sorted; of all if there are fewer."""
        return spread(len(self.labels), count)


@dataclass(frozen=True)
class Findings:
    """Numbers, arrays and notes of a diagnostic.

    Attributes:
        metrics: by name, `metric.role` for each network, ready for JSON; None if a number is undefined.
        arrays: for figures and for statistics over images and seeds; of numbers, booleans or text, not of objects.
        notes: one sentence for each thing that could not be computed, and why. It has no number then.
    """

    metrics: dict[str, float | None] = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Diagnostic(ABC):
    """A look inside networks: a frozen dataclass whose fields are its settings and whose behaviour is one call.

    Settings are validated by their annotations. Each needs a default, and a diagnostic keeps no state beyond them. The
    call gets the compressed network beside its references, all with their weights, and the probe images. A diagnostic
    of one's own is complete with a title and the call:

    >>> import torch
    >>> from typing import Annotated
    >>> from pydantic import Field
    >>> from bench.diagnose.networks import answers
    >>> @dataclass(frozen=True)
    ... class ProbeAccuracy(Diagnostic):
    ...     images: Annotated[int, Field(ge=1)] = 64
    ...     title = "Accuracy on the probe"
    ...     def __call__(self, networks, probe):
    ...         chosen = probe.spread(self.images)
    ...         findings = Findings(arrays={"images": chosen})
    ...         for role, network in networks.items():
    ...             right = answers(network, probe.images[chosen]) == probe.labels[chosen]
    ...             findings.arrays[f"right.{role}"] = right
    ...             findings.metrics[f"accuracy.{role}"] = float(right.mean())
    ...         return findings
    >>> pixels = np.zeros((2, 1, 4, 4), dtype=np.uint8)
    >>> probe = Probe(torch.zeros(2, 1, 4, 4), pixels, np.array([0, 1]), (0.0,), (1.0,), seed=0, layers=())
    >>> network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(16, 2))
    >>> ProbeAccuracy(images=2)({"original": network}, probe).metrics
    {'accuracy.original': 0.5}

    In a module of one's own it is the diagnostic `package.module:ProbeAccuracy`; alone in
    `bench/diagnose/diagnostics/probe_accuracy.py` it is `probe-accuracy`. What it computes with imports torch, so there
    it is reached through a package (`from bench import diagnose`, then `diagnose.networks.answers(...)`), which imports
    it when first used: planning a run must be quick.

    Rules: a diagnostic draws from the probe's seed alone, so that the same networks give the same findings. It leaves
    networks as they were (`bench.diagnose.networks.still`). Without networks it returns no number. What a network
    cannot do becomes a note, since an exception fails the whole cell.

    Class attributes:
        version: must be raised whenever the same networks and settings give other findings, so that old results are not
            reused.
        title: as printed in figures and tables.
        needs_classes: whether it explains or counts answers, so that only networks that classify can be looked into.
        source: BibTeX keys in `bench/diagnose/references.bib`; empty to cite all of `bibtex`.
        bibtex: BibTeX entries that this file lacks.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    version: ClassVar[int] = 1
    title: ClassVar[str]
    needs_classes: ClassVar[bool] = False
    source: ClassVar[tuple[str, ...]] = ()
    bibtex: ClassVar[str] = ""

    @abstractmethod
    def __call__(self, networks: Mapping[str, nn.Module], probe: Probe) -> Findings:
        """Look inside networks that answer the same question.

        Args:
            networks: by role, see `bench.roles.ROLES`; any of them may be missing. They must be left as they were.
            probe: its images may be on another device than a network.
        """

    def settings(self) -> dict[str, Any]:
        """The settings by name, ready for JSON."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def spread(total: int, count: int) -> np.ndarray:
    """`count` whole numbers from 0 to total - 1 at even distances, or all of them if there are fewer.

    >>> spread(10, 3)
    array([0, 4, 9])
    """
    return np.unique(np.linspace(0, total - 1, min(count, total)).astype(int))


def mean_or_none(values: np.ndarray) -> float | None:
    """The mean of the finite numbers; None if none is finite."""
    numbers = np.asarray(values, dtype=np.float64)
    finite = numbers[np.isfinite(numbers)]
    return float(finite.mean()) if finite.size else None
