from math import tanh

import pytest
import torch
from torch import nn

from bench.compress.quantization.odd_grid import TanhGrid, layers, published_range
from bench.footprint.compressed import Compressed
from bench.footprint.representation import OddInteger

WEIGHT = torch.tensor([[1.0, -0.4, 0.0], [0.3, -2.0, 0.9]])
TOP = tanh(2.0)


def quantise(x, levels):
    return round(x * levels) / levels


@pytest.mark.parametrize("bits", [2, 3, 8])
def test_weights_by_the_published_formula(bits):
    levels = 2**bits - 1
    grid = TanhGrid(WEIGHT, bits)
    grid.unit.fill_(1 / levels)
    expected = [2 * quantise(tanh(w) / (2 * TOP) + 0.5, levels) - 1 for w in WEIGHT.flatten().tolist()]
    assert grid(WEIGHT).flatten().tolist() == pytest.approx(expected, abs=1e-6)
    assert not (grid(WEIGHT) == 0).any()
    assert grid(WEIGHT).abs().max().item() == pytest.approx(1)


def test_without_normalisation_the_range_is_that_of_the_weights():
    assert TanhGrid(WEIGHT, 3)(WEIGHT).abs().max().item() == pytest.approx(TOP)


def test_one_bit_is_the_sign_times_the_mean_of_the_tensor():
    mean = (1 + 0.4 + 0.3 + 2 + 0.9) / 6
    values = TanhGrid(WEIGHT, 1)(WEIGHT)
    torch.testing.assert_close(values, mean * torch.tensor([[1.0, -1, 1], [1, -1, 1]]))  # sign(0) = +1


def test_the_gradient_of_one_bit_passes_straight_through():
    weight, upstream = WEIGHT.clone().requires_grad_(), torch.randn(2, 3)
    TanhGrid(WEIGHT, 1)(weight).backward(upstream)
    assert torch.equal(weight.grad, upstream)


def test_the_gradient_goes_through_the_tanh_and_its_maximum():
    # f_i = r·tanh(w_i)/T with T = max|tanh w|: df_i/dw_j = r·(1 - tanh²w_j)·([i = j]/T - [j = m]·s·tanh(w_i)/T²), m
    # where the maximum is and s its sign.
    upstream = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    grid = TanhGrid(WEIGHT, 4)
    weight = WEIGHT.clone().requires_grad_()
    grid(weight).backward(upstream)
    bent = [tanh(w) for w in WEIGHT.flatten().tolist()]
    up = upstream.flatten().tolist()
    through_maximum = sum(u * t for u, t in zip(up, bent, strict=True)) / TOP**2
    expected = [
        grid.reach * (1 - t**2) * (u / TOP - (-1 if j == 4 else 0) * through_maximum)
        for j, (u, t) in enumerate(zip(up, bent, strict=True))
    ]
    assert weight.grad.flatten().tolist() == pytest.approx(expected, rel=1e-5)
    untouched = [grid.reach * (1 - t**2) * u / TOP for u, t in zip(up, bent, strict=True)]
    assert weight.grad.flatten()[4].item() != pytest.approx(untouched[4], rel=0.01)  # the maximum's part is seen


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("weight", [torch.randn(4, 3, 3, 3), torch.zeros(2, 3), -torch.rand(2, 5)])
def test_what_is_stored_is_what_training_saw(bits, weight):
    grid = TanhGrid(weight, bits)
    stored = grid.stored(weight)
    assert isinstance(stored, OddInteger)
    assert torch.equal(torch.from_numpy(stored.decode()), grid(weight).detach())


class Branches(nn.Module):
    """Behind `normed` a normalisation alone reads; what `read` puts out is read twice; `bare` has none."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 4, 1)
        self.normed, self.read, self.bare = (nn.Conv2d(4, 4, 1) for _ in range(3))
        self.norm, self.other = nn.BatchNorm2d(4), nn.BatchNorm2d(4)
        self.last = nn.Linear(4, 2)

    def forward(self, x):
        x = self.norm(self.normed(self.first(x)))
        x = self.read(x.relu())
        x = self.other(x) + x
        return self.last(self.bare(x.relu()).mean((2, 3)))


def lived(network):
    generator = torch.Generator().manual_seed(0)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(generator=generator)
            module.running_var.uniform_(0.5, 2, generator=generator)
    return network.eval()


def test_the_published_range_is_for_layers_that_a_normalisation_follows(workbench):
    torch.manual_seed(0)
    compressed = Compressed(lived(Branches()), example=workbench.example)
    _, quantisers = layers(compressed, 8, None)
    assert quantisers.keys() == {"normed.weight", "read.weight", "bare.weight"}
    for name, quantiser in quantisers.items():
        weight = compressed.network.get_parameter(name)
        expected = 1.0 if name == "normed.weight" else weight.tanh().abs().max().item()
        assert quantiser.reach == pytest.approx(expected)


def test_running_statistics_are_put_into_the_units_of_the_published_range(workbench):
    network = lived(Branches())
    network.normed.weight.data.mul_(0.1)  # where the tanh is a straight line
    ready, quantisers = layers(Compressed(network, example=workbench.example), 8, None)
    ready.network.normed.weight.data = quantisers["normed.weight"](ready.network.normed.weight).detach()
    maps = torch.randn(2, 4, 3, 3)
    expected = network.norm(network.normed(maps))
    torch.testing.assert_close(ready.network.norm(ready.network.normed(maps)), expected, rtol=0, atol=0.05)
    untouched = network.norm(ready.network.normed(maps))
    assert (untouched - expected).abs().max() > 0.5


def test_signs_keep_their_own_scale(workbench):
    compressed = Compressed(lived(Branches()), example=workbench.example)
    quantisers = {"normed.weight": TanhGrid(compressed.network.normed.weight, 1)}
    ready = published_range(compressed, quantisers)
    assert torch.equal(ready.network.norm.running_var, compressed.network.norm.running_var)
