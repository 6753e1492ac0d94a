from copy import deepcopy

import pytest
import torch
from torch import nn

from bench.compress.method import NotApplicable
from bench.compress.quantization.integers import Grid
from bench.compress.reconstruction import equalization
from bench.compress.reconstruction.equalization import LayerPair
from bench.compress.reconstruction.layer import Layer
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish

IMAGES = torch.randn(8, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def chain(act=nn.ReLU, **grouped):
    """Plain, depthwise, grouped and flattened, each behind an activation, with channels of very different ranges."""
    torch.manual_seed(1)
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3), act(), nn.Conv2d(8, 16, 3, groups=8), act(), nn.MaxPool2d(2),
        nn.Conv2d(16, 4, 1, groups=2, bias=False), act(), nn.Flatten(), nn.Linear(16, 6), act(), nn.Linear(6, 2),
    )  # fmt: skip
    with torch.no_grad():
        for module in network:
            if hasattr(module, "weight"):
                module.weight.mul_(torch.logspace(-1, 1, len(module.weight)).view(-1, *[1] * (module.weight.ndim - 1)))
    return network.eval()


def start(network):
    return Compressed(network, example=IMAGES[:1])


def test_pairs_are_joined_by_nothing_but_rectifiers_and_pooling():
    assert equalization.pairs(chain(), IMAGES[:1]) == [
        LayerPair("0", "2"),
        LayerPair("2", "5"),
        LayerPair("5", "8"),
        LayerPair("8", "10"),
    ]
    bounded = equalization.pairs(chain(nn.ReLU6), IMAGES[:1])
    assert bounded == [
        LayerPair("0", "2", ("1",)),
        LayerPair("2", "5", ("3",)),
        LayerPair("5", "8", ("6",)),
        LayerPair("8", "10", ("9",)),
    ]
    assert equalization.pairs(chain(nn.SiLU), IMAGES[:1]) == []


def test_in_a_residual_block_only_the_inside_is_a_pair(compressed):
    folded = finish(compressed)
    assert equalization.pairs(folded.network, folded.example) == [LayerPair("block.conv1", "block.conv2")]


def test_known_scales():
    """r1 = (1, 8), r2 = (4, 2): s = (1/2, 2), and both ranges become (2, 4)."""
    first, second = nn.Linear(1, 2), nn.Linear(2, 1)
    with torch.no_grad():
        first.weight.copy_(torch.tensor([[1.0], [-8.0]]))
        first.bias.copy_(torch.tensor([3.0, 3.0]))
        second.weight.copy_(torch.tensor([[-4.0, 2.0]]))
        equalization.equalize(first, second)
    assert first.weight.tolist() == [[2], [-4]]
    assert first.bias.tolist() == [6, 1.5]
    assert second.weight.tolist() == [[-2, 4]]


@pytest.mark.parametrize("sweeps", [1, 20])
def test_the_function_is_unchanged_and_ranges_are_equal(sweeps):
    network = chain()
    result = equalization.equalized(start(network), sweeps=sweeps, replace=True).network
    with torch.no_grad():
        expected, found = network.double()(IMAGES.double()), deepcopy(result).double()(IMAGES.double())
    assert float((found - expected).abs().max() / expected.abs().max()) < 1e-6
    weights = [module.weight for module in result if hasattr(module, "weight")]
    if sweeps == 20:
        ranges = weights[1].flatten(1).abs().amax(1), weights[2].reshape(2, 2, 8).abs().amax(1).flatten()
        torch.testing.assert_close(*ranges, rtol=1e-3, atol=0)
    assert not torch.equal(weights[0].double(), network[0].weight)


def test_a_bound_is_replaced_or_its_pair_is_left_alone():
    network = chain(nn.ReLU6)
    replaced = equalization.equalized(start(network), sweeps=3, replace=True)
    assert replaced.structure == ({"kind": "unbounded-relu", "names": ["1", "3", "6", "9"]},)
    unbounded = deepcopy(network)
    for name in ("1", "3", "6", "9"):
        setattr(unbounded, name, nn.ReLU())
    with torch.no_grad():
        expected, found = (each.double()(IMAGES.double()) for each in (unbounded, deepcopy(replaced.network)))
        assert float((found - expected).abs().max() / expected.abs().max()) < 1e-6
        assert not torch.allclose(network(IMAGES).double(), found)
    with pytest.raises(NotApplicable, match="no layer of it reads another one through ReLU alone"):
        equalization.equalized(start(network), sweeps=3, replace=False)


def test_channels_without_weights_are_left_alone():
    network = chain()
    with torch.no_grad():
        network[0].weight[2] = 0
        network[2].weight[6:8] = 0
    result = equalization.equalized(start(network), sweeps=5, replace=True).network
    assert all(tensor.isfinite().all() for tensor in result.state_dict().values())
    with torch.no_grad():
        torch.testing.assert_close(result(IMAGES), network(IMAGES), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("module", [nn.Conv2d(3, 5, 3), nn.Linear(8, 5)])
def test_means_of_outputs_are_restored(module):
    module = deepcopy(module)
    grid = Grid(bits=2, per_channel=False)
    layer = Layer("weight", module, IMAGES + 1.3, IMAGES + 1, grid)
    wanted, bias = module(IMAGES + 1).detach(), module.bias.detach().clone()
    integer = equalization.corrected(layer)
    assert (integer.codes == grid(module.weight).codes).all()
    with torch.no_grad():
        module.weight.copy_(torch.from_numpy(integer.decode()))
        found = module(IMAGES + 1.3)
    axes = (0, 1, 2) if isinstance(module, nn.Linear) else (0, 2, 3)
    torch.testing.assert_close(found.mean(axes), wanted.mean(axes), rtol=1e-4, atol=1e-5)
    assert not torch.allclose(module.bias, bias)
