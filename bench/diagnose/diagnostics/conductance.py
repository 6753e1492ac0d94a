"""Which channels of each block carry the answer, and whether they are the original's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from bench import diagnose
from bench.diagnose import explanations
from bench.diagnose.diagnostic import NO_ORIGINAL, Diagnostic, Findings, Probe, mean_or_none
from bench.diagnose.explanations.agreement import spearman
from bench.roles import ORIGINAL

if TYPE_CHECKING:
    from torch import nn

    from bench.diagnose.networks import Version

ByLayer = dict[str, np.ndarray]


@dataclass(frozen=True)
class Conductance(Diagnostic):
    """Conductance of every channel of every block for the original's answers, and its agreement with the original's.

    Channels are compared by index; a block with another number of channels is not compared.

    Args:
        images: how many it is computed on.
        steps: of the path from the mean colour to the image.

    Metrics:
        `spearman.VERSION`: over the channels of a block, mean over images and blocks, -1 to 1.

    Arrays:
        `layers` (L,), `images` (n,) indices into the probe, `targets` (n,), `spearman.VERSION` (L, n) float32, and
        `conductance.VERSION.LAYER` (channels,) float32, mean over images, logits.
    """

    images: Annotated[int, Field(ge=1)] = 16
    steps: Annotated[int, Field(ge=1)] = 8

    title = "Layer conductance"
    needs_classes = True
    source = ("dhamdhere2019conductance", "kokhlikyan2020captum")

    def __call__(self, networks: Mapping[str, nn.Module], probe: Probe) -> Findings:
        """See Diagnostic."""
        if ORIGINAL not in networks:
            return Findings(notes=[NO_ORIGINAL])

        chosen = probe.spread(self.images)
        targets = diagnose.networks.answers(networks[ORIGINAL], probe.images[chosen])
        findings = Findings(arrays={"layers": np.array(probe.layers), "images": chosen, "targets": targets})
        original: ByLayer = {}
        for version in diagnose.networks.versions(networks):
            try:
                conductances = self._of(version, probe, chosen, targets)
            except LookupError as reason:
                findings.notes.append(f"Conductance of {version.name}: {reason.args[0]}.")
                continue
            original = original or conductances  # versions come in the order of roles, the original's first
            _record(findings, version.name, conductances, original)
        return findings

    def _of(self, version: Version, probe: Probe, chosen: np.ndarray, targets: np.ndarray) -> ByLayer:
        def compute() -> ByLayer:
            images = probe.images[chosen]
            return explanations.layer_conductance.conductances(version, probe.layers, images, targets, self.steps)

        return version.once(compute, "conductance", self, probe.fingerprint, targets.tobytes())


def _record(findings: Findings, version: str, conductances: ByLayer, original: ByLayer) -> None:
    agreement = np.full((len(original), len(next(iter(original.values())))), np.nan, dtype=np.float32)
    for row, (layer, values) in enumerate(conductances.items()):
        findings.arrays[f"conductance.{version}.{layer}"] = values.mean(0)
        if values.shape == original[layer].shape:
            agreement[row] = spearman(values, original[layer])
        else:
            widths = f"{values.shape[1]} channels and the original {original[layer].shape[1]}"
            findings.notes.append(f"Conductance of {version} at {layer}: it has {widths}, none is compared.")
    findings.arrays[f"spearman.{version}"] = agreement
    findings.metrics[f"spearman.{version}"] = mean_or_none(agreement)
