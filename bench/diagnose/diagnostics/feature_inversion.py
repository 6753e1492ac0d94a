"""What is left of an image in a layer: images that give it the same features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from bench import diagnose
from bench.diagnose import units
from bench.diagnose.diagnostic import NO_ORIGINAL, Diagnostic, Findings, Probe, mean_or_none
from bench.roles import ORIGINAL

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class FeatureInversion(Diagnostic):
    """Each network's own features of real images, inverted by gradient descent, quantisers of feature maps by-passed.

    Args:
        images: how many of the probe, at even distances.
        steps: of the descent.

    Metrics, means over images and layers:
        `features.VERSION`: squared distance of features that remains, as a share of the image's to the mean features.
        `pixels.VERSION`: root mean square distance to the real image on the 0..1 scale.

    Arrays:
        `layers` (L,), the last block of each stage; `images` (k,) indices into the probe; `real` (k, C, H, W) uint8
        those images; `images.VERSION` (L, k, C, H, W) uint8; `features.VERSION` and `pixels.VERSION` (L, k) float32.
    """

    images: Annotated[int, Field(ge=1)] = 3
    steps: Annotated[int, Field(ge=1)] = 64

    version = 2
    title = "Feature inversion"
    source = ("mahendran2015understanding",)

    def __call__(self, networks: Mapping[str, nn.Module], probe: Probe) -> Findings:
        """See Diagnostic."""
        if ORIGINAL not in networks:
            return Findings(notes=[NO_ORIGINAL])

        versions, chosen = diagnose.networks.unquantized_versions(networks), probe.spread(self.images)
        layers = units.gallery.stage_ends(versions[0], probe)
        if not layers:
            return Findings(notes=["The original has no block that puts out feature maps."])
        findings = Findings(arrays={"layers": np.array(layers), "images": chosen, "real": probe.pixels[chosen]})
        for version in versions:
            try:
                images, missed = units.gallery.inversions(version, probe, layers, chosen, self.steps)
            except LookupError as reason:
                findings.notes.append(f"Features of {version.role}: {reason.args[0]}.")
                continue
            _record(findings, version.role, images, missed, probe.pixels[chosen])
        return findings


def _record(findings: Findings, role: str, images: np.ndarray, missed: np.ndarray, real: np.ndarray) -> None:
    distance = np.sqrt(((images / 255.0 - real / 255.0) ** 2).mean((2, 3, 4))).astype(np.float32)
    findings.arrays.update({f"images.{role}": images, f"features.{role}": missed, f"pixels.{role}": distance})
    findings.metrics.update({f"features.{role}": mean_or_none(missed), f"pixels.{role}": mean_or_none(distance)})
