"""Images that speak most for a class, and whether other networks see that class in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from bench.diagnose.diagnostic import NO_ORIGINAL, Diagnostic, Findings, Probe, spread
from bench.roles import ORIGINAL

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class ClassImages(Diagnostic):
    """Gradient ascent on a class's logit, the same way for every network, quantisers of feature maps by-passed.

    Args:
        classes: how many, at even distances.
        steps: of the ascent.

    Metrics:
        `recognised.VERSION`: share of the original's class images that this network gives their class, 0 to 1.

    Arrays:
        `classes` (k,), `images.VERSION` (k, C, H, W) uint8, `answers.VERSION` (k,) to the original's images.
    """

    classes: Annotated[int, Field(ge=1)] = 5
    steps: Annotated[int, Field(ge=1)] = 64

    title = "Class images"
    source = ("simonyan2014deep", "olah2017feature")

    def __call__(self, networks: Mapping[str, nn.Module], probe: Probe) -> Findings:
        """See Diagnostic."""
        if ORIGINAL not in networks:
            return Findings(notes=[NO_ORIGINAL])
        from bench.diagnose.networks import answers, logits_of, unquantized_versions
        from bench.diagnose.units.gallery import class_images
        from bench.diagnose.units.painting import Palette

        classes = spread(logits_of(networks[ORIGINAL], probe.images[:1]).shape[1], self.classes)
        findings = Findings(arrays={"classes": classes})
        for version in unquantized_versions(networks):
            images = class_images(version, probe, classes, self.steps)
            findings.arrays[f"images.{version.role}"] = images
            shown = Palette.of(probe, version.device).shown(findings.arrays[f"images.{ORIGINAL}"])
            given = answers(version.network, shown)
            findings.arrays[f"answers.{version.role}"] = given
            findings.metrics[f"recognised.{version.role}"] = float(np.mean(given == classes))
        return findings
