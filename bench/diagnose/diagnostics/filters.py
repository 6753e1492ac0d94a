"""First-layer filters of every network, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment

from bench import diagnose
from bench.diagnose import units
from bench.diagnose.diagnostic import NO_ORIGINAL, Diagnostic, Findings, Probe, mean_or_none
from bench.roles import ORIGINAL, OTHER_SEED, RANDOM

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Filters(Diagnostic):
    """The first convolution's filters and how alike they are to the original's.

    Filters are compared by index. After another training, with random weights and in a layer with fewer filters an
    index means nothing, so that filters are matched first (Hungarian method on the cosine).

    Metrics:
        `cosine.VERSION`: mean cosine between the original's filters and this network's, -1 to 1, filters that are zero
        left out. `zero.VERSION`: filters that are zero, share of all, 0 to 1.

    Arrays:
        `filters.VERSION` (filters, C, k, k) float16, a batch norm right behind them multiplied in, in units of the
        largest absolute weight; `cosine.VERSION` and `matched.VERSION`, for each of the original's filters the cosine
        (float32) and the index of the other network's, -1 if it has no partner.
    """

    title = "First-layer filters"

    def __call__(self, networks: Mapping[str, nn.Module], probe: Probe) -> Findings:
        """See Diagnostic."""
        findings, filters = Findings(), {}
        for version in diagnose.networks.unquantized_versions(networks):
            try:
                with version.opened() as network:
                    image = probe.images[:1].to(version.device)
                    filters[version.role] = units.first_filters.first_filters(network, image)
            except LookupError as reason:
                findings.notes.append(f"First filters of {version.role}: {reason.args[0]}.")
        if ORIGINAL not in networks:
            findings.notes.append(NO_ORIGINAL)
        for role, weights in filters.items():
            _record(findings, role, weights, filters.get(ORIGINAL))
        return findings


def _record(findings: Findings, role: str, filters: np.ndarray, original: np.ndarray | None) -> None:
    rows = filters.reshape(len(filters), -1)
    findings.metrics[f"zero.{role}"] = float((rows == 0).all(1).mean())
    largest = np.abs(filters).max()
    findings.arrays[f"filters.{role}"] = (filters / largest if largest > 0 else filters).astype(np.float16)
    if original is None:
        return
    if filters.shape[1:] != original.shape[1:]:
        shapes = f"{filters.shape[1:]} and {original.shape[1:]}"
        findings.notes.append(f"First filters of {role}: they are of another shape than the original's, {shapes}.")
        return
    cosines = _cosines(original.reshape(len(original), -1), rows)
    matched = _matched(cosines, by_index=role not in (OTHER_SEED, RANDOM) and len(filters) == len(original))
    partnered = matched >= 0
    values = np.full(len(matched), np.nan, dtype=np.float32)
    values[partnered] = cosines[np.flatnonzero(partnered), matched[partnered]]
    findings.arrays[f"matched.{role}"], findings.arrays[f"cosine.{role}"] = matched, values
    findings.metrics[f"cosine.{role}"] = mean_or_none(values)


def _cosines(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Cosines (n1, n2) of filters (n1, d) and (n2, d); NaN where a filter is zero."""
    with np.errstate(invalid="ignore", divide="ignore"):
        units = [side / np.linalg.norm(side, axis=1, keepdims=True) for side in (first, second)]
    return units[0] @ units[1].T


def _matched(cosines: np.ndarray, by_index: bool) -> np.ndarray:
    """Index of the partner of each of the original's filters, -1 if it has none."""
    if by_index:
        return np.arange(len(cosines))
    matched = np.full(len(cosines), -1)
    # One to one, so that no filter stands for two. A zero filter has no cosine and is worth least, -1: it is matched
    # only when nothing else is left.
    rows, columns = linear_sum_assignment(np.nan_to_num(cosines, nan=-1.0), maximize=True)
    matched[rows] = columns
    return matched
