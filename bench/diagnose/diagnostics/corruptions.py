"""Accuracy under corruptions of the test images: noise, blur, contrast, brightness, JPEG, at five severities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from bench.diagnose.diagnostic import Diagnostic, Findings, Probe
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
    """Corrupted by torchvision's transforms, the same images for every network; after CIFAR-10-C's kinds and strengths.

    Args:
        images: of the probe, that are corrupted.

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
    source = ("hendrycks2019robustness",)

    def __call__(self, networks: Mapping[str, nn.Module], probe: Probe) -> Findings:
        """See Diagnostic."""
        from bench.diagnose.networks import Version
        from bench.diagnose.remember import remember
        from bench.diagnose.units.corrupted import corrupted

        chosen = probe.spread(self.images)
        made = remember(
            ("corrupted", self, probe.fingerprint), lambda: corrupted(probe.pixels[chosen], SEVERITIES, probe.seed)
        )
        arrays = {"images": chosen, "corruptions": np.array(list(made[0]))}
        findings = Findings(arrays=arrays, notes=list(made[1]))
        for role in ROLES:
            if role in networks:
                _record(findings, role, self._right(Version(role, role, networks[role]), made[0], probe, chosen))
        return findings

    def _right(
        self, version: Version, made: Mapping[str, np.ndarray], probe: Probe, chosen: np.ndarray
    ) -> dict[str, np.ndarray]:
        from bench.diagnose.remember import remember
        from bench.diagnose.units.corrupted import right

        def compute() -> dict[str, np.ndarray]:
            shown = {CLEAN: probe.pixels[chosen], **made}
            labels = probe.labels[chosen]
            return {name: right(version, pixels, labels, probe.mean, probe.std) for name, pixels in shown.items()}

        return remember(("corruptions", self, version.key, probe.fingerprint), compute)


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
