from itertools import product

import pytest
import torch
from torch import nn

from bench.compress.quantization.integers import Grid
from bench.compress.reconstruction import adaptive_rounding
from bench.compress.reconstruction.adaptive_rounding import RoundingSchedule
from bench.compress.reconstruction.block import LayerBlock
from bench.compress.reconstruction.layer import Layer

QUICK = RoundingSchedule(steps=200, batch_size=64, learning_rate=0.05, regularization=1.0, warmup=0.2)


def layer(rows=1, columns=7, bits=3, white=False, seed=0, **more):
    generator = torch.Generator().manual_seed(seed)
    module = nn.Linear(columns, rows)
    with torch.no_grad():
        module.weight.copy_(torch.randn(rows, columns, generator=generator))
    inputs = torch.randn(64, columns, generator=generator)
    common = 2 * torch.randn(64, 1, generator=generator)
    inputs = torch.linalg.qr(inputs).Q * 8 if white else inputs + common
    grid = Grid(bits=bits, per_channel=True, search=True)
    return Layer("weight", module, **({"inputs": inputs, "original": inputs, "grid": grid} | more))


def outputs(layer, integer, inputs):
    return layer.activation(inputs @ torch.from_numpy(integer.decode()).T + layer.module.bias.detach())


def missed(layer, integer):
    target = layer.activation(layer.module(layer.original)).detach()
    return float((outputs(layer, integer, layer.inputs) - target).square().sum(1).mean())


def best(layer):
    """The least error over all ways of rounding up or down, one by one; rows do not share any weight."""
    grid, target = layer.rounding, layer.activation(layer.module(layer.original)).detach()
    below = (layer.weight / grid.scale).floor()
    errors = []
    for up in product((0, 1), repeat=below.shape[2]):
        steps = (below + torch.tensor(up)).maximum(grid.lowest).minimum(grid.highest)
        errors.append((outputs(layer, grid.stored(steps), layer.inputs) - target).square().mean(0))
    return float(torch.stack(errors).amin(0).sum())


def test_the_regulariser_waits_and_its_exponent_falls_linearly():
    schedule = RoundingSchedule(steps=1000, batch_size=32, learning_rate=1e-3, regularization=0.01, warmup=0.2)
    assert [schedule.strength(step) for step in (0, 199, 200, 999)] == [0, 0, 0.01, 0.01]
    assert [schedule.beta(step) for step in (0, 200, 600, 1000)] == pytest.approx([20, 20, 11, 2])


def test_learning_begins_at_the_float_weight():
    shares = torch.linspace(0, 1, 101, dtype=torch.float64)
    torch.testing.assert_close(adaptive_rounding.rectified(adaptive_rounding.initial(shares)), shares)
    assert adaptive_rounding.rectified(torch.tensor([-9.0, 0.0, 9.0])).tolist() == [0, 0.5, 1]


def test_the_regulariser_is_least_where_all_is_decided():
    up = torch.tensor([0.0, 1.0, 0.5, 0.25])
    assert float(adaptive_rounding.undecided(up, 2.0)) == pytest.approx(1 + 0.75)
    assert float(adaptive_rounding.undecided(up[:2], 20.0)) == 0


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("activation", [lambda maps: maps, torch.relu])
def test_it_comes_close_to_the_best_of_all_choices(seed, activation):
    tiny = layer(rows=6, columns=8, seed=seed, activation=activation)
    found = missed(tiny, adaptive_rounding.fitted(tiny, schedule=QUICK, asymmetric=True, seed=0))
    least, nearest = best(tiny), missed(tiny, tiny.rounding.nearest)
    assert least - 1e-6 <= found < least + 0.25 * (nearest - least)


def test_white_inputs_leave_nothing_to_learn():
    """The control that must not gain: weights that do not share inputs are best rounded to nearest."""
    white = layer(rows=4, columns=12, white=True)
    found = adaptive_rounding.fitted(white, schedule=QUICK, asymmetric=True, seed=0)
    assert (found.codes == white.rounding.nearest.codes).all()


def test_nothing_is_left_between_the_integers():
    strong = RoundingSchedule(steps=300, batch_size=64, learning_rate=0.05, regularization=30.0, warmup=0.2)
    block = LayerBlock.of(layer(rows=4, columns=12))
    (up,) = adaptive_rounding.learned(block, schedule=strong, float_share=0.0, seed=0)
    assert ((up == 0) | (up == 1)).all()
    free = RoundingSchedule(steps=100, batch_size=64, learning_rate=0.03, regularization=0.0, warmup=0.2)
    (up,) = adaptive_rounding.learned(block, schedule=free, float_share=0.0, seed=0)
    assert ((up > 0) & (up < 1)).any()


def test_every_weight_goes_to_a_neighbour_within_the_grid():
    clipped = layer(rows=4, columns=40, bits=2)
    grid, found = clipped.rounding, adaptive_rounding.fitted(clipped, schedule=QUICK, asymmetric=True, seed=0)
    scaled = (clipped.weight / grid.scale)[0]
    below, above = (side.clamp(-1, 1) for side in (scaled.floor(), scaled.ceil()))
    codes = torch.from_numpy(found.codes)
    assert ((codes == below) | (codes == above)).all()
    assert (scaled.abs() > 1.2).any()
    assert (found.scale == grid.nearest.scale).all()


def test_outputs_are_those_of_the_float_network_whatever_comes_in():
    """The network before puts out 1.4 times what it should: only those who look at it can make up for that."""
    plain = layer(rows=6, columns=24, bits=4)
    shifted = layer(rows=6, columns=24, bits=4, inputs=1.4 * plain.original)
    errors = {
        asymmetric: missed(shifted, adaptive_rounding.fitted(shifted, schedule=QUICK, asymmetric=asymmetric, seed=0))
        for asymmetric in (True, False)
    }
    assert errors[True] < 0.7 * errors[False]
    symmetric = adaptive_rounding.fitted(shifted, schedule=QUICK, asymmetric=False, seed=0)
    assert (symmetric.codes == adaptive_rounding.fitted(plain, schedule=QUICK, asymmetric=True, seed=0).codes).all()


def test_pruned_weights_stay_zero():
    plain = layer(rows=4, columns=12)
    mask = torch.rand(4, 12, generator=torch.Generator().manual_seed(1)) > 0.5
    with torch.no_grad():
        plain.module.weight.mul_(mask)
    found = adaptive_rounding.fitted(
        Layer("weight", plain.module, plain.inputs, plain.original, plain.grid, mask),
        schedule=QUICK,
        asymmetric=True,
        seed=0,
    )
    assert not found.codes[~mask.numpy()].any()
    assert found.codes.any()
