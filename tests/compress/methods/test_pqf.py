import math
from copy import deepcopy

import numpy as np
import pytest
import torch
from torch import nn

from bench.cli import _sizes
from bench.compress.codebooks import product_quantization
from bench.compress.codebooks.kmeans import Annealing
from bench.compress.method import NotApplicable
from bench.compress.methods.magnitude import Magnitude
from bench.compress.methods.pqf import Pqf
from bench.compress.variant import parse
from bench.compress.without_data import Subject, WithoutData
from bench.errors import InputError
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish
from bench.footprint.packed import pack, sizes
from bench.footprint.trace import trace
from bench.zoo.networks import build

QUICK = {"iterations": 2, "swaps": 200}
SETTINGS = product_quantization.Settings("large", 256, None, 2, Annealing(0.25, 2), 200)


def formula(network, layers):
    """Bits: 16·k·d + log2(k)·Cout·m a quantised weight, 32 any other number, two numbers a normalised channel."""
    bits = 0
    for name, parameter in network.named_parameters():
        if name in layers:
            layer = layers[name]
            rows = parameter.numel() // layer.length
            bits += 16 * layer.words * layer.length + int(math.log2(layer.words)) * rows
        else:
            bits += 32 * parameter.numel()
    return bits


@pytest.mark.slow
def test_resnet18_takes_what_the_paper_says():
    report = _sizes.footprint(Subject("torchvision:resnet18", parse("pqf:iterations=1,swaps=1")))
    assert report["payload_bytes"] == 1_615_904


@pytest.mark.slow
def test_mask_r_cnn_takes_what_the_paper_says():
    report = _sizes.footprint(Subject("torchvision:maskrcnn_resnet50_fpn", parse("pqf")))
    assert report["payload_bytes"] == 6_967_876
    assert report["parameters"] == 44_454_513  # with scale and shift of its batch norms


def test_a_footprint_without_data_has_the_size_of_a_whole_run():
    whole = parse("pqf:iterations=5,swaps=300")
    workbench = WithoutData("resnet8", 3, 10, 32)
    made = whole.apply(Compressed(workbench.fresh(), example=workbench.example), workbench)
    report = _sizes.footprint(Subject("resnet8", whole))
    assert report["payload_bytes"] == sizes(pack(finish(made), {})).payload_bytes
    assert report["method"] == "pqf:iterations=5,swaps=300"


@pytest.mark.parametrize("blocks", ["small", "large"])
@pytest.mark.parametrize("model", ["resnet20", "mobilenet-small"])
def test_the_payload_is_the_formula(model, blocks):
    network = build.build(model, 3, 10, 32, 0)
    settings = product_quantization.Settings(blocks, 256, None, 1, None, 0)
    layers = product_quantization.plan(network, trace(network, torch.zeros(1, 3, 32, 32)), settings)
    report = _sizes.footprint(Subject(model, parse(f"pqf:blocks={blocks},iterations=1,permute=false")))
    assert report["payload_bytes"] * 8 == pytest.approx(formula(network, layers), abs=8 * len(layers))


def test_the_same_network_comes_from_the_file(compressed, workbench, through_a_file):
    through_a_file(Pqf(**QUICK)(compressed, workbench))


def test_codes_stay_while_words_normalisation_and_the_first_convolution_are_trained(compressed, workbench):
    idle = deepcopy(workbench)
    idle.finetune = lambda network, **_: ()
    before, after = Pqf(**QUICK)(compressed, idle), Pqf(**QUICK)(compressed, workbench)
    assert len(before.representations) == 3  # two convolutions and the linear layer
    for name, stored in before.representations.items():
        trained = after.representations[name]
        assert np.array_equal(stored.codes, trained.codes)
        assert not np.array_equal(stored.codebook, trained.codebook)
    for name in ("conv.weight", "bn.weight", "bn.bias", "fc.bias"):
        assert not torch.equal(before.network.get_parameter(name), after.network.get_parameter(name))


def test_what_cannot_be_worked_on_is_refused(compressed, workbench):
    with pytest.raises(NotApplicable, match="pruned one by one"):
        Pqf()(Magnitude(0.5)(compressed, workbench), workbench)
    with pytest.raises(NotApplicable, match="no layer but the first"):
        Pqf()(Compressed(nn.Sequential(nn.Conv2d(3, 4, 1)), example=workbench.example), workbench)
    with pytest.raises(InputError, match="power of two"):
        _ = parse("pqf:words=100").stages[0].method


def test_payload_in_a_file_equals_the_formula_on_a_tiny_network(compressed, workbench):
    layers = product_quantization.plan(compressed.network, trace(compressed.network, workbench.example), SETTINGS)
    packed = pack(Pqf(blocks="large", **QUICK)(compressed, workbench), {})
    assert sizes(packed).payload_bytes == sum(
        math.ceil((math.log2(layers[name].words) * parameter.numel() / layers[name].length) / 8)
        + 2 * layers[name].words * layers[name].length
        if name in layers
        else 4 * parameter.numel()
        for name, parameter in compressed.network.named_parameters()
    )
