import pytest
import torch
from torch import nn

from bench.compress.quantization.integers import Grid
from bench.compress.reconstruction import surgeon
from bench.compress.reconstruction.layer import Layer


def layer(columns=10, rows=4, white=False, seed=0, module=None, **more):
    torch.manual_seed(seed)
    module = module or nn.Linear(columns, rows)
    inputs = torch.randn(200, columns) + 1.5 * torch.randn(200, 1)
    if white:
        inputs = torch.linalg.qr(inputs).Q
    return Layer("weight", module, inputs, inputs[:0], Grid(8, True), **more)


def error(layer, weight):
    return float(((layer.module.weight - weight).detach().double() @ layer.inputs.double().T).square().sum())


def by_hand(layer, count):
    """The cheapest weight of any row goes, tried one by one with least squares anew, until `count` are gone."""
    weight, inputs = layer.module.weight.detach().double(), layer.inputs.double()
    gone, spent = [set() for _ in weight], torch.zeros(len(weight), dtype=torch.float64)

    def refitted(row, without):
        rest = [column for column in range(weight.shape[1]) if column not in without]
        target = inputs @ weight[row]
        solved = torch.linalg.lstsq(inputs[:, rest], target[:, None]).solution[:, 0]
        full = torch.zeros(weight.shape[1], dtype=torch.float64)
        full[rest] = solved
        return float((target - inputs @ full).square().sum()), full

    result = weight.clone()
    for _ in range(count):
        tries = [
            (refitted(row, gone[row] | {column})[0] - spent[row], row, column)
            for row in range(len(weight))
            for column in range(weight.shape[1])
            if column not in gone[row]
        ]
        _, row, column = min(tries)
        gone[row].add(column)
        spent[row], result[row] = refitted(row, gone[row])
    return result


@pytest.mark.parametrize("seed", range(2))
def test_it_is_the_brute_force_on_a_tiny_layer(seed):
    tiny = layer(columns=5, rows=2, seed=seed)
    found = surgeon.pruned(tiny, sparsity=0.5, pattern=None, damping=0.0)
    torch.testing.assert_close(found.double(), by_hand(tiny, 5), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("sparsity", [0.0, 0.33, 0.5, 0.9])
def test_exactly_that_many_are_zero_and_the_rest_makes_up(sparsity):
    full = layer(columns=24, rows=6)
    found = surgeon.pruned(full, sparsity=sparsity, pattern=None, damping=0.0)
    count = int(sparsity * 144)
    assert int((found == 0).sum()) == count
    weight = full.module.weight.detach().clone()
    weight.view(-1)[weight.abs().flatten().argsort()[:count]] = 0
    if sparsity:
        assert error(full, found) < 0.7 * error(full, weight)
    else:
        torch.testing.assert_close(found, full.module.weight.detach())


def test_white_inputs_leave_magnitude():
    """The control that must not gain: with H = I the smallest go, and nothing makes up for them."""
    white = layer(columns=24, rows=6, white=True)
    found = surgeon.pruned(white, sparsity=0.5, pattern=None, damping=0.0)
    weight = white.module.weight.detach().clone()
    weight.view(-1)[weight.abs().flatten().argsort()[:72]] = 0
    torch.testing.assert_close(found, weight, rtol=1e-4, atol=1e-5)


def test_a_pattern_holds_along_the_input_channels():
    module = nn.Conv2d(6, 4, 3, padding=1)
    maps = torch.randn(8, 6, 6, 6, generator=torch.Generator().manual_seed(0))
    found = surgeon.pruned(
        Layer("weight", module, maps, maps[:0], Grid(8, True)), sparsity=0.0, pattern=(2, 4), damping=0.01
    )
    assert ((found[:, :4] != 0).sum(1) == 2).all()
    assert ((found[:, 4:] != 0).sum(1) == 2).all()
    one = surgeon.pruned(
        Layer("weight", module, maps, maps[:0], Grid(8, True)), sparsity=0.0, pattern=(1, 4), damping=0.01
    )
    assert ((one[:, 4:] != 0).sum(1) == 1).all()


def test_a_pattern_misses_less_than_the_largest_of_each_block():
    full = layer(columns=24, rows=6)
    found = surgeon.pruned(full, sparsity=0.0, pattern=(2, 4), damping=0.0)
    weight = full.module.weight.detach().clone().reshape(6, 6, 4)
    weight.scatter_(2, weight.abs().argsort(2)[:, :, :2], 0.0)
    assert error(full, found) < 0.7 * error(full, weight.reshape(6, 24))


def test_what_was_pruned_stays_so():
    full = layer(columns=24, rows=6)
    mask = torch.rand(6, 24, generator=torch.Generator().manual_seed(1)) > 0.7
    with torch.no_grad():
        full.module.weight.mul_(mask)
    masked = Layer("weight", full.module, full.inputs, full.original, full.grid, mask)
    for sparsity in (0.2, 0.9):
        found = surgeon.pruned(masked, sparsity=sparsity, pattern=None, damping=0.01)
        assert not found[~mask].any()
        assert int((found == 0).sum()) == max(int(sparsity * 144), int((~mask).sum()))
    assert not surgeon.pruned(masked, sparsity=0.0, pattern=(2, 4), damping=0.01)[~mask].any()
