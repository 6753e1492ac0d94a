"""Whether a network's explanations describe it: deletion, infidelity and max-sensitivity, beside the original's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from bench import diagnose
from bench.diagnose import explanations
from bench.diagnose.diagnostic import NO_ORIGINAL, Diagnostic, Findings, Probe, mean_or_none
from bench.roles import ORIGINAL

if TYPE_CHECKING:
    from torch import nn

SCORES = ("deletion", "infidelity", "sensitivity")


@dataclass(frozen=True)
class Faithfulness(Diagnostic):
    """Each network's own attributions of the original's answers, scored on that network.

    Args:
        method: of attribution, one that gives a value for every pixel and channel.
        images: how many it is scored on.
        perturbations: of each image, for max-sensitivity.
        steps: of integrated gradients.

    Metrics:
        `SCORE.VERSION`: mean over images; `SCORE_difference.VERSION`: minus the original's on the same images.
        deletion: area under the class's probability while the pixels that speak for it are deleted, 0 to 1, smaller is
        more faithful. infidelity: share of the logit's squared change on removal of a square that the attribution does
        not explain after the best scaling, 0 to 1. sensitivity: largest relative change of the attribution under noise
        that is hardly visible.

    Arrays:
        `images` (n,) indices into the probe, `targets` (n,), `SCORE.VERSION` (n,) float32, `curve.VERSION` (11,), the
        mean deletion curve after 0%, 10%, ... of the pixels.
    """

    method: Literal["integrated-gradients", "saliency", "smoothgrad", "guided-backprop", "occlusion"] = (
        "integrated-gradients"
    )
    images: Annotated[int, Field(ge=1)] = 16
    perturbations: Annotated[int, Field(ge=2)] = 4
    steps: Annotated[int, Field(ge=2)] = 16

    title = "Faithfulness of attributions"
    needs_classes = True
    source = ("petsiuk2018rise", "yeh2019infidelity", "kokhlikyan2020captum")

    def __call__(self, networks: Mapping[str, nn.Module], probe: Probe) -> Findings:
        """See Diagnostic."""
        if ORIGINAL not in networks:
            return Findings(notes=[NO_ORIGINAL])

        chosen = probe.spread(self.images)
        images = probe.images[chosen]
        targets = diagnose.networks.answers(networks[ORIGINAL], images)
        how = explanations.attribution.How(self.steps, seed=probe.seed)
        findings = Findings(arrays={"images": chosen, "targets": targets})
        for version in diagnose.networks.versions(networks):
            try:
                scores = explanations.deletion.scores(version, self.method, images, targets, how, self.perturbations)
            except explanations.attribution.CannotExplain as reason:
                findings.notes.append(f"{self.method} of {version.name}: {reason}.")
                continue
            findings.arrays.update({f"{name}.{version.name}": values for name, values in scores.items()})
        _summarise(findings)
        return findings


def _summarise(findings: Findings) -> None:
    for name, values in findings.arrays.items():
        score, _, version = name.partition(".")
        if score not in SCORES:
            continue
        findings.metrics[name] = mean_or_none(values)
        original = findings.arrays.get(f"{score}.{ORIGINAL}")
        if original is not None:
            findings.metrics[f"{score}_difference.{version}"] = mean_or_none(np.subtract(values, original))
        undefined = int((~np.isfinite(values)).sum())
        if undefined:
            findings.notes.append(f"{name}: {undefined} of {len(values)} images have no number and are left out.")
