"""OpenVINO on the CPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from bench.deploy.engine import Engine, Run
from bench.deploy.openvino_runtime import openvino


class OpenVINORuntime(Engine):
    """Runs an intermediate representation; NNCF's networks with INT8 kernels, all others in float32."""

    title: ClassVar = "OpenVINO"
    format: ClassVar = "openvino"
    package: ClassVar = "openvino"
    needs: ClassVar = {"onnx": "export", "onnxscript": "export", "openvino": "openvino"}

    def library(self) -> Any:
        """OpenVINO, kept from sending its telemetry."""
        return openvino()

    def start(self, threads: int) -> None:
        """See `Engine`."""
        self.library()

    def load(self, file: Path, threads: int) -> Run:
        """See `Engine`."""
        # Where the processor can, it would round to bfloat16 unasked.
        settings = {
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
        }
        core = self.library().Core()
        request = core.compile_model(core.read_model(str(file)), "CPU", settings).create_infer_request()
        return lambda batch: request.infer([batch])
