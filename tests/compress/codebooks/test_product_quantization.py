from copy import deepcopy

import numpy as np
import pytest
import torch
from torch import nn

from bench.compress.codebooks import product_quantization
from bench.compress.codebooks.kmeans import Annealing
from bench.footprint.trace import trace
from bench.zoo.networks import build

SETTINGS = product_quantization.Settings("large", 256, None, 2, Annealing(0.25, 2), 200)


@pytest.mark.sampled
@pytest.mark.parametrize("model", ["resnet8", "resnet20", "resnet56", "resnet18", "wrn16-4", "mobilenetv2", "vgg16-bn"])
def test_permuting_keeps_the_function(model):
    example = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0)).double()
    network = build.build(model, 3, 10, 32, 0).double()
    generator = torch.Generator().manual_seed(1)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor in (module.weight, module.bias, module.running_mean, module.running_var):
                tensor.data.uniform_(0.5, 1.5, generator=generator)
    layers = product_quantization.plan(network, trace(network, example[:1]), SETTINGS)
    permuted = deepcopy(network)
    product_quantization.permute(permuted, example[:1], layers, 50, seed=0)
    with torch.inference_mode():
        expected, found = network(example), permuted(example)
    assert float((found - expected).abs().max() / expected.abs().max()) < 1e-12
    state = permuted.state_dict()
    moved = [name for name, tensor in network.state_dict().items() if not torch.equal(tensor, state[name])]
    assert len(moved) > 5


def test_permuting_never_makes_the_determinants_larger(compressed, workbench):
    from bench.compress.codebooks.permutation import objective

    network = deepcopy(compressed.network)
    layers = {"block.conv2.weight": product_quantization.Layer(18, 16), "fc.weight": product_quantization.Layer(4, 2)}
    product_quantization.permute(network, workbench.example, layers, 200, 0)

    def volume(of):
        weight = of.state_dict()["block.conv2.weight"].numpy().reshape(8, 8, 9)
        return objective([product_quantization.permutation.Weight(weight, 18)], np.arange(8))

    assert volume(network) <= volume(compressed.network)


def test_words_by_the_rules_of_the_paper():
    assert product_quantization.word_length((64, 64, 3, 3), "small", False) == 9
    assert product_quantization.word_length((64, 64, 3, 3), "large", False) == 18
    assert product_quantization.word_length((64, 1, 3, 3), "large", True) == 9
    assert product_quantization.word_length((64, 64, 1, 1), "large", False) == 4
    assert product_quantization.word_length((64, 64, 1, 1), "large", True) == 8
    assert product_quantization.word_length((10, 64), "large", True) == 4
    assert product_quantization.word_length((10, 63), "small", False) == 1
    assert product_quantization.word_count(64 * 64, 256) == 256
    assert product_quantization.word_count(16 * 16, 256) == 64
    assert product_quantization.word_count(3, 256) == 0
