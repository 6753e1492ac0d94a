"""Weights by name, in safetensors, for the plain architecture."""

from __future__ import annotations

import json
from typing import ClassVar

import safetensors.torch

from bench.deploy.format import Exported, Format, as_texts, metadata
from bench.deploy.network import Deployed
from bench.deploy.state import state_of
from bench.footprint.packed import header_of


class StateDict(Format):
    """`torch.load`'s successor: tensors alone, which the architecture's own class loads."""

    suffixes: ClassVar = (".safetensors",)
    graph: ClassVar = False

    def export(self, deployed: Deployed, *, normalise: bool = False) -> Exported:
        """See `Format`; the steps that lead to the file's shapes are part of its metadata."""
        tensors, difference = state_of(deployed)
        facts = metadata(deployed, normalise=False)
        facts["structure"] = json.dumps(header_of(deployed.packed).structure)
        note = ""
        if difference:
            note = f"its layers are the packed network's, which the plain {deployed.model} does not take: {difference}"
        return Exported({".safetensors": safetensors.torch.save(tensors, as_texts(facts))}, note)
