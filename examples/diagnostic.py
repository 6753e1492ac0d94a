"""A diagnostic of one's own: `examples.diagnostic:Confidence` in a profile's `[[diagnostics]]`."""

from dataclasses import dataclass
from typing import Annotated

import torch
from pydantic import Field

from bench.diagnose.diagnostic import Diagnostic, Findings


@dataclass(frozen=True)
class Confidence(Diagnostic):
    """How sure each network is: the mean probability of its answer, 0 to 1."""

    images: Annotated[int, Field(ge=1)] = 32

    title = "Confidence"

    def __call__(self, networks, probe):
        findings = Findings()
        images = probe.images[probe.spread(self.images)]
        for role, network in networks.items():
            device = next(network.parameters()).device
            with torch.no_grad():
                probability = network(images.to(device)).softmax(1).amax(1)
            findings.metrics[f"confidence.{role}"] = float(probability.mean())
        return findings
