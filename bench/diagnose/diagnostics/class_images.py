"""Images that speak most for a class, and whether other networks see that class in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from bench import diagnose
from bench.diagnose import units
from bench.diagnose.diagnostic import NO_ORIGINAL, Diagnostic, Findings, Probe, spread
from bench.roles import ORIGINAL

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class ClassImages(Diagnostic):
    """Gradient ascent on a class's logit, the same way for every network, quantisers of feature maps by-passed.

    Args:
        classes: how many, at even distances among all.
        steps: of the ascent.

    Metrics:
        `recognised.VERSION`: share of the original's class images that this network assigns to their class, 0 to 1.

    Arrays:
        `classes` (k,), `images.VERSION` (k, C, H, W) uint8, `answers.VERSION` (k,) to the original's images.
    """

    classes: Annotated[int, Field(ge=1)] = 5
    steps: Annotated[int, Field(ge=1)] = 64

    title = "Class images"
    needs_classes = True
    source = ("simonyan2014deep", "olah2017feature")

    def __call__(self, networks: Mapping[str, nn.Module], probe: Probe) -> Findings:
        """See Diagnostic."""
        if ORIGINAL not in networks:
            return Findings(notes=[NO_ORIGINAL])

        logits = diagnose.networks.logits_of(networks[ORIGINAL], probe.images[:1])
        classes = spread(logits.shape[1], self.classes)
        findings = Findings(arrays={"classes": classes})
        for version in diagnose.networks.unquantized_versions(networks):
            images = units.gallery.class_images(version, probe, classes, self.steps)
            findings.arrays[f"images.{version.role}"] = images
            shown = units.painting.Palette.of(probe, version.device).shown(findings.arrays[f"images.{ORIGINAL}"])
            answers = diagnose.networks.answers(version.network, shown)
            findings.arrays[f"answers.{version.role}"] = answers
            findings.metrics[f"recognised.{version.role}"] = float(np.mean(answers == classes))
        return findings
