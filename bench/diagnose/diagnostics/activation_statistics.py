"""How activations are spread in every block: quantiles, dead units, effective dimension."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from bench import diagnose
from bench.diagnose.diagnostic import Diagnostic, Findings, Probe, mean_or_none

if TYPE_CHECKING:
    from torch import nn

    from bench.diagnose.networks import Version

QUANTILES = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)
BY_LAYER = ("mean", "deviation", "zeros", "dead", "dimension", "width")


@dataclass(frozen=True)
class ActivationStatistics(Diagnostic):
    """Distribution of every block's output over images, channels and positions.

    Args:
        images: how many it is measured on.

    Metrics, means over blocks:
        `dead.VERSION`: share of channels whose output is the same for all images and positions, 0 to 1.
        `zeros.VERSION`: share of values that are 0. `dimension.VERSION`: participation ratio (Σλ)²/Σλ² of the channels'
        covariance, pooled over positions, as a share of the channels, 0 to 1.

    Arrays:
        `layers` (L,), `quantiles` (Q,), `quantiles.VERSION` (L, Q) and, each (L,) float32, `mean.VERSION`,
        `deviation.VERSION`, `zeros.VERSION`, `dead.VERSION`, `dimension.VERSION` (channels, not a share) and
        `width.VERSION` (number of channels).
    """

    images: Annotated[int, Field(ge=2)] = 128

    title = "Activation statistics"
    source = ("gao2017dimensionality",)

    def __call__(self, networks: Mapping[str, nn.Module], probe: Probe) -> Findings:
        """See Diagnostic."""
        arrays = {"layers": np.array(probe.layers), "quantiles": np.array(QUANTILES, dtype=np.float32)}
        findings = Findings(arrays=arrays)
        for version in diagnose.networks.versions(networks):
            try:
                _record(findings, version.name, self._of(version, probe))
            except LookupError as reason:
                findings.notes.append(f"Activations of {version.name}: {reason.args[0]}.")
        return findings

    def _of(self, version: Version, probe: Probe) -> list[dict[str, np.ndarray]]:
        def compute() -> list[dict[str, np.ndarray]]:
            images = probe.images[probe.spread(self.images)].to(version.device)
            with version.opened() as network:
                activations = diagnose.networks.outputs(network, probe.layers, images)
            return [statistics(activations[layer].float().cpu().numpy()) for layer in probe.layers]

        return version.once(compute, "activation-statistics", self, probe.fingerprint)


def statistics(activations: np.ndarray) -> dict[str, np.ndarray]:
    """Statistics of one layer's activations, (n, C, h, w) or (n, d), by name; see `ActivationStatistics`."""
    by_channel = np.moveaxis(activations, 1, 0).reshape(activations.shape[1], -1)
    pooled = activations.reshape(*activations.shape[:2], -1).mean(2, dtype=np.float64)
    numbers = {
        "mean": by_channel.mean(dtype=np.float64),
        "deviation": by_channel.std(dtype=np.float64),
        "zeros": (by_channel == 0).mean(),
        "dead": (by_channel == by_channel[:, :1]).all(1).mean(),
        "dimension": participation_ratio(pooled),
        "width": by_channel.shape[0],
    }
    quantiles = np.quantile(by_channel, QUANTILES).astype(np.float32)
    return {**{name: np.float32(number) for name, number in numbers.items()}, "quantiles": quantiles}


def participation_ratio(features: np.ndarray) -> float:
    """(Σλ)²/Σλ² of the covariance's eigenvalues: 1 if all points lie on a line, d if all directions are alike.

    >>> round(participation_ratio(np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]])), 6)
    2.0

    Args:
        features: (n, d).

    Returns:
        1 to d; NaN if nothing varies.
    """
    # No eigenvalue is needed: Σλ is the trace of the covariance and Σλ² its squared Frobenius norm. Both are the same
    # for XXᵀ and XᵀX, so the smaller of the two is formed, and the factor 1/(n - 1) cancels.
    centred = features - features.mean(0)
    gram = centred @ centred.T if len(features) < features.shape[1] else centred.T @ centred
    total, squared = float(np.trace(gram)) ** 2, float((gram**2).sum())
    return total / squared if squared > 0 else float("nan")


def _record(findings: Findings, version: str, layers: list[dict[str, np.ndarray]]) -> None:
    for name in (*BY_LAYER, "quantiles"):
        findings.arrays[f"{name}.{version}"] = np.array([layer[name] for layer in layers], dtype=np.float32)
    column = {name: findings.arrays[f"{name}.{version}"] for name in BY_LAYER}
    findings.metrics[f"dead.{version}"] = mean_or_none(column["dead"])
    findings.metrics[f"zeros.{version}"] = mean_or_none(column["zeros"])
    findings.metrics[f"dimension.{version}"] = mean_or_none(column["dimension"] / column["width"])
    if np.isnan(column["dimension"]).any():
        silent = [str(name) for name in findings.arrays["layers"][np.isnan(column["dimension"])]]
        findings.notes.append(f"Nothing varies in {version} at {', '.join(silent)}: there is no effective dimension.")
