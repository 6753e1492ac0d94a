"""Images that drive single channels most, and whether the original's image drives the same channel elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from bench.diagnose.diagnostic import NO_ORIGINAL, Diagnostic, Findings, Probe, mean_or_none
from bench.roles import ORIGINAL, OTHER_SEED

if TYPE_CHECKING:
    from torch import nn

    from bench.diagnose.networks import Version
    from bench.diagnose.units.maximization import Channels
    from bench.diagnose.units.painting import Recipe

OTHER_START = "other-initialisation"


@dataclass(frozen=True)
class ActivationMaximization(Diagnostic):
    """Gradient ascent on the middle unit of a channel before its ReLU, the same way for every network.

    The quantisers of feature maps are by-passed: ascent would end where they clip. Channels are the original's, by
    index; of another seed, and of a layer with another number of channels, the matched ones (Hungarian method on the
    correlation of activations).

    Args:
        channels: of the last block of each stage, live ones at even distances.
        steps: of the ascent.

    Metrics:
        `transfer.ROW`: mean over channels of the transfer ratio r(image of the original) / r(own image), r a channel's
        response on that network in standard deviations from its mean over the probe: 1 where the original's image
        drives the channel as well as the image made for it, 0 where it does no more than any image.
        `response.ROW`: mean of r(own image).
        Rows are the roles, and "other-initialisation", the original painted from another start.

    Arrays:
        `layers` (U,), `channels` (U,), and by row `images.ROW` (U, C, H, W) uint8, `channels.ROW` (U,) indices in that
        network, -1 for none, `transfer.ROW` and `response.ROW` (U,) float32.
    """

    channels: Annotated[int, Field(ge=1)] = 3
    steps: Annotated[int, Field(ge=1)] = 100

    title = "Activation maximization"
    source = ("erhan2009visualizing", "olah2017feature", "li2016convergent")

    def __call__(self, networks: Mapping[str, nn.Module], probe: Probe) -> Findings:
        """See Diagnostic."""
        if ORIGINAL not in networks:
            return Findings(notes=[NO_ORIGINAL])
        from bench.diagnose.networks import unquantized_versions
        from bench.diagnose.units.maximization import choose, same_in
        from bench.diagnose.units.painting import Recipe

        versions = unquantized_versions(networks)
        original = next(version for version in versions if version.role == ORIGINAL)
        chosen, recipe = choose(original, probe, self.channels), Recipe(steps=self.steps)
        if not len(chosen):
            return Findings(notes=["The original has no convolutional block with a channel that changes."])
        arrays = {"layers": np.array(chosen.layers), "channels": np.array(chosen.indices)}
        findings = Findings(arrays=arrays)
        _record(findings, ORIGINAL, original, chosen, probe, recipe, probe.seed)
        _record(findings, OTHER_START, original, chosen, probe, recipe, probe.seed + 1)
        for version in versions:
            if version.role == ORIGINAL:
                continue
            try:
                channels = same_in(version, original, probe, chosen, by_index=version.role != OTHER_SEED)
            except LookupError as reason:
                findings.notes.append(f"Channels of {version.role}: {reason.args[0]}.")
                continue
            _record(findings, version.role, version, channels, probe, recipe, probe.seed)
        return findings


def _record(
    findings: Findings, row: str, version: Version, channels: Channels, probe: Probe, recipe: Recipe, seed: int
) -> None:
    from bench.diagnose.units.maximization import painted

    images, driven = painted(version, probe, channels, recipe, seed)
    own = driven.respond(images)
    findings.arrays[f"images.{row}"] = images
    findings.arrays[f"channels.{row}"] = np.array(channels.indices)
    findings.arrays[f"response.{row}"] = own.astype(np.float32)
    given = driven.respond(findings.arrays[f"images.{ORIGINAL}"])
    transfer = np.divide(given, own, out=np.full(len(own), np.nan), where=own > 0)
    findings.arrays[f"transfer.{row}"] = transfer.astype(np.float32)
    findings.metrics[f"transfer.{row}"] = mean_or_none(transfer)
    findings.metrics[f"response.{row}"] = mean_or_none(own)
    _note(findings, row, version, driven.silent, own)


def _note(findings: Findings, row: str, version: Version, silent: np.ndarray, own: np.ndarray) -> None:
    if version.bypasses:
        findings.notes.append(f"{row}: the quantisers of its feature maps are by-passed.")
    if silent.any():
        findings.notes.append(f"{row}: {silent.sum()} of {len(silent)} channels do not exist or never change.")
    stuck = ~silent & ~(own > 0)
    if stuck.any():
        findings.notes.append(f"{row}: ascent does not drive {stuck.sum()} of {len(own)} channels above their mean.")
