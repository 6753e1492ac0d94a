"""A detector's payload by formula: every method's own, with normalisation folded into the layers before."""

import pytest
import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd

from bench.compress.variant import parse
from bench.compress.without_data import Subject
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish
from bench.footprint.packed import sizes

MODEL, SIZE = "maskrcnn-resnet18", 32
FIRST, LAST = "backbone.body.conv1", "roi_heads.mask_predictor.mask_fcn_logits"


@pytest.fixture(scope="module")
def layers():
    """Rows, weights and biases of each convolution and linear layer, by name."""
    subject = Subject(MODEL, parse("original"), size=SIZE)
    network = finish(Compressed(subject.fresh(), example=torch.zeros(1, *subject.shape))).network
    found = {
        name: (len(module.weight), module.weight.numel(), 0 if module.bias is None else len(module.bias))
        for name, module in network.named_modules()
        if isinstance(module, (_ConvNd, nn.Linear))
    }
    assert sum(weights + biases for _, weights, biases in found.values()) == sum(
        parameter.numel() for parameter in network.parameters()
    )
    return found


def quantised(bits, scales, *, kept=()):
    """Bytes of weights of so many bits, with scales of 4 bytes, and of all else in float32."""

    def formula(layers):
        total = 0
        for name, (rows, weights, biases) in layers.items():
            total += 4 * biases
            whole = name in kept
            total += 4 * weights if whole else -(-bits * weights // 8) + 4 * (rows if scales == "row" else scales)
        return total

    return formula


FORMULAS = {
    "original": lambda layers: sum(4 * (weights + biases) for _, weights, biases in layers.values()),
    "float16": lambda layers: sum(2 * (weights + biases) for _, weights, biases in layers.values()),
    "bfloat16": lambda layers: sum(2 * (weights + biases) for _, weights, biases in layers.values()),
    "int8-per-channel": quantised(8, "row"),
    "int8-per-tensor": quantised(8, 1),
    "k-bit": quantised(4, "row"),
    "adaround:search=false": quantised(4, "row"),
    "brecq": quantised(4, "row"),
    "gptq": quantised(4, "row"),
    "equalize": quantised(8, 1),
    "bwn": quantised(1, "row", kept=(FIRST, LAST)),
}


@pytest.mark.parametrize("method", FORMULAS)
def test_the_payload_is_the_formulas(method, layers):
    subject = Subject(MODEL, parse(method), size=SIZE)
    assert sizes(subject.packed()).payload_bytes == FORMULAS[method](layers)
