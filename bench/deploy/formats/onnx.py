"""ONNX, for ONNX Runtime and other runtimes; NNCF's integers stay integers."""

from __future__ import annotations

from typing import Any, ClassVar

import torch

from bench.deploy.format import Exported, Format, as_texts, metadata
from bench.deploy.formats._graph import silently, traced
from bench.deploy.network import Deployed
from bench.deploy.quantizers import as_codes
from bench.errors import InputError
from bench.footprint.packed import representations

LARGEST = 2**31 - 1  # bytes of a protocol buffer
IMAGES, LOGITS, BATCH = "images", "logits", "batch"


class Onnx(Format):
    """One input `images`, one output `logits`; the model's metadata says how images are prepared.

    Feature maps that NNCF rounds, and the weights that meet them, are pairs of QuantizeLinear and DequantizeLinear,
    which runtimes replace by integer kernels.
    """

    suffixes: ClassVar = (".onnx",)
    needs: ClassVar = {"onnx": "export", "onnxscript": "export"}

    def export(self, deployed: Deployed, *, normalise: bool) -> Exported:
        """See `Format`."""
        model = _model(deployed, normalise=normalise)
        for key, value in as_texts(metadata(deployed, normalise=normalise)).items():
            model.metadata_props.add(key=key, value=value)
        if model.ByteSize() > LARGEST:
            raise InputError(f"{deployed.model} takes {model.ByteSize():,} bytes, and an ONNX file at most {LARGEST:,}")
        return Exported({".onnx": model.SerializeToString(deterministic=True)})


def _model(deployed: Deployed, *, normalise: bool) -> Any:
    program = traced(as_codes(deployed.network, representations(deployed.packed)), deployed, normalise=normalise)
    with silently():
        converted = torch.onnx.export(program, dynamo=True, verbose=False, input_names=[IMAGES], output_names=[LOGITS])
    assert converted is not None
    model = converted.model_proto
    _tidy(model.graph)
    return model


def _tidy(graph: Any) -> None:
    """Take out what tells of this machine, and give the batch's axis its name."""
    # PyTorch writes the stack trace of every operation into the file, with the paths of this machine.
    for part in (graph, *graph.node, *graph.value_info, *graph.input, *graph.output, *graph.initializer):
        del part.metadata_props[:]
    batch = graph.input[0].type.tensor_type.shape.dim[0].dim_param
    for value in (*graph.input, *graph.output, *graph.value_info):
        for axis in value.type.tensor_type.shape.dim:
            if batch and axis.dim_param == batch:
                axis.dim_param = BATCH
