"""ONNX Runtime on the CPU."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from bench.deploy.engine import Engine, Run


class OnnxRuntime(Engine):
    """Runs an ONNX file."""

    title: ClassVar = "ONNX Runtime"
    format: ClassVar = "onnx"
    package: ClassVar = "onnxruntime"
    needs: ClassVar = {"onnx": "export", "onnxscript": "export", "onnxruntime": "export"}

    def start(self, threads: int) -> None:
        """See `Engine`."""
        onnxruntime = self.library()
        onnxruntime.set_default_logger_severity(3)  # errors alone
        onnxruntime.disable_telemetry_events()

    def load(self, file: Path, threads: int) -> Run:
        """See `Engine`."""
        onnxruntime = self.library()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        (images,) = (taken.name for taken in session.get_inputs())
        return lambda batch: session.run(None, {images: batch})
