"""Images that drive single channels most, and whether the original's image drives the same channel elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from bench import diagnose
from bench.diagnose import units
from bench.diagnose.diagnostic import NO_ORIGINAL, Diagnostic, Findings, Probe, mean_or_none
from bench.roles import ORIGINAL, OTHER_SEED

if TYPE_CHECKING:
    from torch import nn

    from bench.diagnose.networks import Version
    from bench.diagnose.units.maximization import Channels
    from bench.diagnose.units.painting import Ascent

OTHER_START = "other-initialisation"


@dataclass(frozen=True)
class ActivationMaximization(Diagnostic):
    """Gradient ascent on the middle unit of a channel before its ReLU, the same way for every network.

    The quantisers of feature maps are by-passed: ascent would end where they clip. Channels are the original's, by
    index; of another seed, and of a layer with another number of channels, the matched ones (Hungarian method on the
    correlation of activations).

    Args:
        channels: how many of the last block of each stage, at even distances among those that change.
        steps: of the ascent.

    Metrics:
        `transfer.ROW`: mean over channels of the transfer ratio r(the original's image) / r(the image made for this
        network), where r is a channel's response on this network in standard deviations from its mean over the probe:
        1 if the original's image drives the channel as well as the image made for it, 0 if no more than any image.
        `response.ROW`: mean of r(the image made for this network).
        Rows are the roles, and "other-initialisation", the original painted from another start.

    Arrays:
        `layers` (U,), `channels` (U,), and by row `images.ROW` (U, C, H, W) uint8, `channels.ROW` (U,) indices in that
        network, -1 if it lacks the channel, `transfer.ROW` and `response.ROW` (U,) float32.
    """

    channels: Annotated[int, Field(ge=1)] = 3
    steps: Annotated[int, Field(ge=1)] = 100

    title = "Activation maximization"
    source = ("erhan2009visualizing", "olah2017feature", "li2016convergent")

    def __call__(self, networks: Mapping[str, nn.Module], probe: Probe) -> Findings:
        """See Diagnostic."""
        if ORIGINAL not in networks:
            return Findings(notes=[NO_ORIGINAL])

        versions = diagnose.networks.unquantized_versions(networks)
        original = next(version for version in versions if version.role == ORIGINAL)
        chosen = units.maximization.choose(original, probe, self.channels)
        ascent = units.painting.Ascent(steps=self.steps)
        if not len(chosen):
            return Findings(notes=["The original has no convolutional block with a channel that changes."])
        arrays = {"layers": np.array(chosen.layers), "channels": np.array(chosen.indices)}
        findings = Findings(arrays=arrays)
        # The original comes first, since every other row is shown its images. Painted from another start, it says how
        # much of a low transfer is due to the start alone: the noise floor of all other rows.
        _record(findings, ORIGINAL, original, chosen, probe, ascent, probe.seed)
        _record(findings, OTHER_START, original, chosen, probe, ascent, probe.seed + 1)
        for version in versions:
            if version.role == ORIGINAL:
                continue
            by_index = version.role != OTHER_SEED  # another training numbers its channels at random
            try:
                channels = units.maximization.same_in(version, original, probe, chosen, by_index)
            except LookupError as reason:
                findings.notes.append(f"Channels of {version.role}: {reason.args[0]}.")
                continue
            _record(findings, version.role, version, channels, probe, ascent, probe.seed)
        return findings


def _record(
    findings: Findings, row: str, version: Version, channels: Channels, probe: Probe, ascent: Ascent, seed: int
) -> None:
    images, driven = units.maximization.painted(version, probe, channels, ascent, seed)
    response = driven.respond(images)
    findings.arrays[f"images.{row}"] = images
    findings.arrays[f"channels.{row}"] = np.array(channels.indices)
    findings.arrays[f"response.{row}"] = response.astype(np.float32)
    to_original = driven.respond(findings.arrays[f"images.{ORIGINAL}"])
    # A channel that its own image does not drive above the mean has no ratio: the denominator is 0 or negative.
    transfer = np.divide(to_original, response, out=np.full(len(response), np.nan), where=response > 0)
    findings.arrays[f"transfer.{row}"] = transfer.astype(np.float32)
    findings.metrics[f"transfer.{row}"] = mean_or_none(transfer)
    findings.metrics[f"response.{row}"] = mean_or_none(response)
    _note(findings, row, version, driven.silent, response)


def _note(findings: Findings, row: str, version: Version, silent: np.ndarray, response: np.ndarray) -> None:
    if version.bypasses:
        findings.notes.append(f"{row}: the quantisers of its feature maps are by-passed.")
    if silent.any():
        findings.notes.append(f"{row}: {silent.sum()} of {len(silent)} channels do not exist or never change.")
    stuck = ~silent & ~(response > 0)
    if stuck.any():
        findings.notes.append(
            f"{row}: ascent does not drive {stuck.sum()} of {len(response)} channels above their mean."
        )
