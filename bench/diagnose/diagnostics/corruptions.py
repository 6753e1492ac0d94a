"""Accuracy under corruptions of the test images: noise, blur, contrast, brightness, JPEG, at five severities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from bench import diagnose
from bench.diagnose import units
from bench.diagnose.diagnostic import Diagnostic, Findings, Probe
from bench.remember import once
from bench.roles import ORIGINAL, ROLES

if TYPE_CHECKING:
    from torch import nn

    from bench.diagnose.networks import Version

SEVERITIES: dict[str, tuple[float, ...]] = {
    "noise": (0.04, 0.06, 0.08, 0.09, 0.10),  # standard deviation, on the 0..1 scale
    "blur": (0.4, 0.6, 0.7, 0.8, 1.0),  # standard deviation of the Gaussian, pixels
    "contrast": (0.75, 0.5, 0.4, 0.3, 0.15),  # factor of the differences to the mean gray
    "brightness": (1.2, 1.4, 1.6, 1.8, 2.0),  # factor of all pixels
    "jpeg": (80, 65, 58, 50, 40),  # quality
}
CLEAN = "clean"


@dataclass(frozen=True)
class Corruptions(Diagnostic):
    """Torchvision's transforms corrupt the same images for every network, in kinds and strengths after CIFAR-10-C.

    Args:
        images: how many of the probe are corrupted.

    Metrics:
        `CORRUPTION.VERSION`: accuracy, 0 to 1, mean over severities; `clean.VERSION` without corruption;
        `all.VERSION` mean over corruptions; `loss.VERSION` clean minus that, `loss_difference.VERSION` the loss minus
        the original's.

    Arrays:
        `images` (n,) indices into the probe, `corruptions` (5,), `right.VERSION` (5, 5, n) bool by corruption, severity
        and image, `right_clean.VERSION` (n,) bool.
    """

    images: Annotated[int, Field(ge=1)] = 128

    title = "Accuracy under corruptions"
    needs_classes = True
    source = ("hendrycks2019robustness",)

    def __call__(self, networks: Mapping[str, nn.Module], probe: Probe) -> Findings:
        """See Diagnostic."""
        chosen = probe.spread(self.images)
        corrupted, notes = once(
            ("corrupted", self, probe.fingerprint),
            lambda: units.corrupted.corrupted(probe.pixels[chosen], SEVERITIES, probe.seed),
        )
        findings = Findings(arrays={"images": chosen, "corruptions": np.array(list(corrupted))}, notes=list(notes))
        for role in ROLES:
            if role in networks:
                version = diagnose.networks.Version(role, role, networks[role])
                _record(findings, role, self._right(version, corrupted, probe, chosen))
        return findings

    def _right(
        self, version: Version, corrupted: Mapping[str, np.ndarray], probe: Probe, chosen: np.ndarray
    ) -> dict[str, np.ndarray]:
        def compute() -> dict[str, np.ndarray]:
            right, labels = units.corrupted.right, probe.labels[chosen]
            shown = {CLEAN: probe.pixels[chosen], **corrupted}
            return {name: right(version, pixels, labels, probe.mean, probe.std) for name, pixels in shown.items()}

        return version.once(compute, "corruptions", self, probe.fingerprint)


def _record(findings: Findings, role: str, right: Mapping[str, np.ndarray]) -> None:
    accuracies = {name: float(answers.mean()) for name, answers in right.items()}
    findings.metrics.update({f"{name}.{role}": accuracy for name, accuracy in accuracies.items()})
    worse = [accuracy for name, accuracy in accuracies.items() if name != CLEAN]
    findings.metrics[f"all.{role}"] = float(np.mean(worse))
    loss = findings.metrics[f"loss.{role}"] = accuracies[CLEAN] - float(np.mean(worse))
    original = findings.metrics.get(f"loss.{ORIGINAL}")
    if original is not None:
        findings.metrics[f"loss_difference.{role}"] = loss - original
    findings.arrays[f"right_clean.{role}"] = right[CLEAN]
    findings.arrays[f"right.{role}"] = np.stack([answers for name, answers in right.items() if name != CLEAN])
