"""A detector's payload by formula: every method's own, with normalisation folded into the layers before."""

import pytest
import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd

from bench.compress.variant import parse
from bench.compress.without_data import Subject
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish
from bench.footprint.packed import sizes, unpack

MODEL, SIZE = "maskrcnn-resnet18", 32
FIRST, LAST = "backbone.body.conv1", "roi_heads.mask_predictor.mask_fcn_logits"


@pytest.fixture(scope="module")
def layers():
    """Rows, weights and biases of each convolution and linear layer, and whether normalisation follows it, by name."""
    subject = Subject(MODEL, parse("original"), size=SIZE)
    network = finish(Compressed(subject.fresh(), example=torch.zeros(1, *subject.shape))).network
    plain = {name for name, module in subject.fresh().named_modules() if getattr(module, "bias", None) is not None}
    found = {
        name: (len(module.weight), module.weight.numel(), len(module.bias), name not in plain)
        for name, module in network.named_modules()
        if isinstance(module, (_ConvNd, nn.Linear))
    }
    assert sum(normalised for *_, normalised in found.values()) == 20
    assert sum(weights + biases for _, weights, biases, _ in found.values()) == sum(
        parameter.numel() for parameter in network.parameters()
    )
    return found


def quantised(bits, scales, *, kept=(), section=None):
    """Bytes of weights of so many bits, with scales of 4 bytes, and of all else in float32.

    Args:
        section: bytes of so many weights, if they are not their bits.
        scales: of a layer, from its rows and whether normalisation follows, which folds into a scale of each row.
        kept: layers whose weights stay float32.
    """

    def formula(layers):
        total = 0
        for name, (rows, weights, biases, normalised) in layers.items():
            whole = name in kept
            total += 4 * biases
            stored = section(weights) if section else -(-bits * weights // 8)
            total += 4 * weights if whole else stored + 4 * scales(rows, normalised)
        return total

    return formula


def whole(size):
    return lambda layers: sum(size * (weights + biases) for _, weights, biases, _ in layers.values())


def per_row(rows, normalised):
    return rows


def per_tensor(rows, normalised):
    return 1


def per_tensor_before_folding(rows, normalised):
    return rows if normalised else 1


def signs_before_folding(rows, normalised):
    return rows if normalised else 0


ENDS = (FIRST, LAST)
FORMULAS = {
    **dict.fromkeys(
        ("original", "other-seed", "random-weights", "retrain", "finetune", "recalibrate", "huffman"), whole(4)
    ),
    "float16": whole(2),
    "bfloat16": whole(2),
    "int8-per-channel": quantised(8, per_row),
    "int8-per-tensor": quantised(8, per_tensor),
    "k-bit": quantised(4, per_row),
    "adaround:search=false": quantised(4, per_row),
    "brecq": quantised(4, per_row),
    "gptq": quantised(4, per_row),
    "equalize": quantised(8, per_tensor),
    "bwn": quantised(1, per_row, kept=ENDS),
    "binary-connect": quantised(1, signs_before_folding),
    "twn": quantised(2, per_tensor_before_folding, kept=ENDS, section=lambda weights: -(-weights // 5)),
    "dorefa": quantised(4, per_tensor_before_folding, kept=ENDS),
}
THINNING = (
    "li", "thinet", "random-filters", "group-magnitude", "group-norm", "taylor", "slimming", "fpgm", "svd", "pca"
)  # fmt: skip
# Those that search or have their kind's size; of each kind of formula others stay quick.
SLOW = ("other-seed", "random-weights", "retrain", "finetune", "recalibrate", "k-bit", "adaround:search=false",
    "brecq", "gptq", "equalize")  # fmt: skip


@pytest.mark.parametrize(
    "method", [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in FORMULAS]
)
def test_the_payload_is_the_formulas(method, layers):
    subject = Subject(MODEL, parse(method), size=SIZE)
    assert sizes(subject.packed()).payload_bytes == FORMULAS[method](layers)


@pytest.mark.sampled
@pytest.mark.parametrize("method", THINNING)
def test_the_payload_is_four_bytes_per_parameter_of_what_remains(method, layers):
    subject = Subject(MODEL, parse(method), size=SIZE)
    packed = subject.packed()
    remaining = sum(parameter.numel() for parameter in unpack(packed, subject.fresh()).parameters())
    assert sizes(packed).payload_bytes == 4 * remaining < whole(4)(layers)
