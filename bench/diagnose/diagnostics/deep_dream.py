"""What a network sees more of in an image: probe images changed so that its last block is excited more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from bench import diagnose
from bench.diagnose import units
from bench.diagnose.diagnostic import NO_ORIGINAL, Diagnostic, Findings, Probe
from bench.roles import ORIGINAL

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class DeepDream(Diagnostic):
    """Gradient ascent on the mean square of the last stage's output, from real images; pictures without a number.

    Args:
        images: how many of the probe, at even distances.
        steps: of the ascent.

    Arrays:
        `layer` (), `images` (k,) indices into the probe, `real` (k, C, H, W) uint8 those images, and
        `images.VERSION` (k, C, H, W) uint8; quantisers of feature maps are by-passed.
    """

    images: Annotated[int, Field(ge=1)] = 3
    steps: Annotated[int, Field(ge=1)] = 30

    version = 2
    title = "Dreams"
    source = ("mordvintsev2015inceptionism",)

    def __call__(self, networks: Mapping[str, nn.Module], probe: Probe) -> Findings:
        """See Diagnostic."""
        if ORIGINAL not in networks:
            return Findings(notes=[NO_ORIGINAL])

        versions, chosen = diagnose.networks.unquantized_versions(networks), probe.spread(self.images)
        ends = units.gallery.stage_ends(versions[0], probe)
        if not ends:
            return Findings(notes=["The original has no block that puts out feature maps."])
        findings = Findings(arrays={"layer": np.array(ends[-1]), "images": chosen, "real": probe.pixels[chosen]})
        for version in versions:
            try:
                images = units.gallery.dreams(version, probe, ends[-1], chosen, self.steps)
                findings.arrays[f"images.{version.role}"] = images
            except LookupError as reason:
                findings.notes.append(f"Dreams of {version.role}: {reason.args[0]}.")
        return findings
