"""A program of PyTorch's own operations, which needs neither Innards nor the architecture's code."""

from __future__ import annotations

import io
import json
from typing import ClassVar

import torch

from bench.deploy.format import Exported, Format, metadata
from bench.deploy.formats._graph import traced
from bench.deploy.network import Deployed
from bench.deploy.quantizers import as_arithmetic


class TorchExport(Format):
    """What `torch.export.load` reads; its extra file preprocessing.json says how images are prepared."""

    suffixes: ClassVar = (".pt2",)

    def export(self, deployed: Deployed, *, normalise: bool) -> Exported:
        """See `Format`."""
        program = traced(as_arithmetic(deployed.network), deployed, normalise=normalise)
        content = io.BytesIO()
        facts = json.dumps(metadata(deployed, normalise=normalise), indent=1)
        torch.export.save(program, content, extra_files={"preprocessing.json": facts})
        return Exported({".pt2": content.getvalue()})
