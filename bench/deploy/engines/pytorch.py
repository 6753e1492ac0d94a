"""PyTorch, operation by operation; what is quantised computes in float32."""

from __future__ import annotations

import io
from pathlib import Path
from typing import ClassVar

from bench.deploy.engine import Engine, Run


class PyTorch(Engine):
    """Runs the exported program."""

    title: ClassVar = "PyTorch"
    format: ClassVar = "torch-export"
    package: ClassVar = "torch"

    def start(self, threads: int) -> None:
        """See `Engine`."""
        torch = self.library()
        torch.set_num_threads(threads)
        torch.set_num_interop_threads(1)
        # What reads programs is imported when it is first used, and takes more memory than a network.
        trifle = io.BytesIO()
        torch.export.save(torch.export.export(torch.nn.Identity(), (torch.zeros(1),)), trifle)
        torch.export.load(io.BytesIO(trifle.getvalue())).module()

    def load(self, file: Path, threads: int) -> Run:
        """See `Engine`."""
        torch = self.library()
        network = torch.export.load(file).module()

        def run(images: object) -> object:
            with torch.inference_mode():
                return network(torch.as_tensor(images))

        return run
