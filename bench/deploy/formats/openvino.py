"""OpenVINO's intermediate representation: a graph in XML and its numbers beside it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from bench.deploy.format import Exported, Format, as_texts, metadata
from bench.deploy.formats.onnx import Onnx
from bench.deploy.network import Deployed
from bench.deploy.openvino_runtime import openvino


class OpenVINO(Format):
    """What OpenVINO's `read_model` reads; its runtime information `innards` says how images are prepared.

    It is read from ONNX, whose pairs of quantisation and its inverse OpenVINO runs with its INT8 kernels.
    """

    suffixes: ClassVar = (".bin", ".xml")
    needs: ClassVar[Mapping[str, str]] = {**Onnx.needs, "openvino": "openvino"}

    def export(self, deployed: Deployed, *, normalise: bool) -> Exported:
        """See `Format`."""
        onnx = Onnx().export(deployed, normalise=normalise).files[".onnx"]
        model = openvino().Core().read_model(onnx)
        for name, value in as_texts(metadata(deployed, normalise=normalise)).items():
            model.set_rt_info(value, ["innards", name])
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "network.xml"
            # By default it would store weights in 16 bits.
            openvino().save_model(model, str(file), compress_to_fp16=False)
            return Exported({suffix: file.with_suffix(suffix).read_bytes() for suffix in self.suffixes})
