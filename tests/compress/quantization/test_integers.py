import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from bench.compress.method import NotApplicable
from bench.compress.quantization.integers import Grid, rounded
from bench.footprint.compressed import Compressed

GRIDS = [
    Grid(bits, per_channel, symmetric, search)
    for bits in (2, 4, 8)
    for per_channel in (False, True)
    for symmetric in (False, True)
    for search in (False, True)
]
WEIGHT = torch.tensor([[1.27, -0.5, 0.004, 0.0], [-2.54, 2.0, 0.011, 0.0]])


def error(grid, weight):
    return float(((torch.from_numpy(grid(weight).decode()) - weight) ** 2).sum())


def test_symmetric_steps_are_the_outermost_weight_over_127():
    channel = Grid(8, per_channel=True)(WEIGHT)
    np.testing.assert_allclose(channel.scale, [0.01, 0.02], rtol=1e-6)
    assert channel.codes.tolist() == [[127, -50, 0, 0], [-127, 100, 1, 0]]
    tensor = Grid(8, per_channel=False)(WEIGHT)
    np.testing.assert_allclose(tensor.scale, [0.02], rtol=1e-6)
    assert tensor.codes.tolist() == [[64, -25, 0, 0], [-127, 100, 1, 0]]
    assert channel.zero_point is None


def test_asymmetric_ranges_include_zero():
    weight = torch.tensor([[2.55, 1.0, 0.0], [-2.0, -5.1, 0.0], [-1.0, 1.55, 0.0]])
    found = Grid(8, per_channel=True, symmetric=False)(weight)
    np.testing.assert_allclose(found.scale, [0.01, 0.02, 0.01], rtol=1e-6)
    assert found.zero_point.tolist() == [0, 255, 100]
    assert found.codes.tolist() == [[255, 100, 0], [155, 0, 255], [0, 255, 100]]
    np.testing.assert_allclose(found.decode(), weight, atol=1e-6)
    for one_sided in (torch.tensor([[2.0, 2.55]]), torch.tensor([[-2.0, -2.55]])):
        found = Grid(8, per_channel=True, symmetric=False)(one_sided)
        np.testing.assert_allclose(found.scale, [0.01], rtol=1e-6)
        np.testing.assert_allclose(found.decode(), one_sided, atol=1e-6)


def test_two_symmetric_bits_are_minus_one_zero_and_one():
    weight = torch.randn(4, 100, generator=torch.Generator().manual_seed(0))
    assert set(np.unique(Grid(2, True, search=True)(weight).codes)) == {-1, 0, 1}
    assert set(np.unique(Grid(2, True, symmetric=False, search=True)(weight).codes)) == {0, 1, 2, 3}


def test_clipping_finds_the_best_steps_for_gaussian_weights():
    """Optimal uniform mid-tread quantisers of N(0, 1): 3 levels 1.224 and MSE 0.1902; 15 levels 0.3358 and 0.01221."""
    weight = torch.randn(1, 400_000, generator=torch.Generator().manual_seed(0))
    for bits in (2, 4):
        found = Grid(bits, True, search=True)(weight)
        step, least = gaussian_optimum(2 ** (bits - 1) - 1)
        assert float(found.scale[0]) == pytest.approx(step, rel=0.06)
        assert error(Grid(bits, True, search=True), weight) / weight.numel() == pytest.approx(least, rel=0.02)


def gaussian_optimum(highest):
    """Step and mean squared error of the best symmetric uniform quantiser with 2·highest + 1 levels, by integration."""
    x = np.linspace(0, 8, 20_001)
    density = 2 * np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi) * (x[1] - x[0])
    steps = np.linspace(0.1, 2, 1901)
    losses = [float((((np.clip(np.round(x / s), 0, highest) * s - x) ** 2) * density).sum()) for s in steps]
    return steps[int(np.argmin(losses))], min(losses)


def test_the_search_reaches_what_a_finer_one_finds():
    weight = torch.randn(6, 72, generator=torch.Generator().manual_seed(1)) ** 3
    highest = 3
    outermost = weight.abs().amax(1, keepdim=True)
    finer = []
    for ratio in np.linspace(0.005, 1, 2000):
        step = outermost * float(ratio) / highest
        finer.append((((weight / step).round().clamp(-highest, highest) * step - weight) ** 2).sum(1))
    assert error(Grid(3, True, search=True), weight) <= 1.01 * float(torch.stack(finer).amin(0).sum())


@given(st.integers(0, 10_000), st.integers(1, 5), st.integers(1, 20), st.sampled_from(GRIDS), st.floats(1e-6, 1e4))
@settings(max_examples=100, deadline=None)
def test_zeros_stay_and_no_weight_is_off_by_more_than_half_a_step_or_its_clipping(seed, rows, columns, grid, size):
    weight = torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed)) * size
    weight[weight.abs() < 0.3 * size] = 0.0
    found = grid(weight)
    decoded = torch.from_numpy(found.decode())
    assert (decoded[weight == 0] == 0).all()
    if not grid.search and grid.symmetric:
        step = torch.from_numpy(found.scale).reshape(-1, 1)
        assert ((decoded - weight).abs() <= 0.5001 * step).all()
    full = Grid(grid.bits, grid.per_channel, grid.symmetric)
    assert error(grid, weight) <= error(full, weight) * (1 + 1e-4) + 1e-12


@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_a_channel_of_zeros_stays_one(grid):
    weight = torch.zeros(2, 3, 2, 2)
    assert not grid(weight).decode().any()
    weight[1] = 0.5
    assert not grid(weight).decode()[0].any()


def test_more_bits_lose_less():
    weight = torch.randn(8, 200, generator=torch.Generator().manual_seed(2))
    errors = [error(Grid(bits, True, search=True), weight) for bits in (2, 3, 4, 6, 8)]
    assert errors == sorted(errors, reverse=True)
    assert errors[0] > 10 * errors[2]


def test_what_is_stored_otherwise_is_left_alone(compressed):
    first = rounded(compressed, Grid(4, True))
    with pytest.raises(NotApplicable, match="otherwise already"):
        rounded(first, Grid(8, True))


def test_a_weight_that_is_no_number_is_refused(compressed):
    with torch.no_grad():
        compressed.network.fc.weight[0, 0] = math.nan
    with pytest.raises(NotApplicable, match=r"fc\.weight"):
        rounded(compressed, Grid(4, True))


def test_grouped_and_depthwise_convolutions_have_a_step_a_filter():
    network = nn.Sequential(nn.Conv2d(4, 8, 3, groups=2), nn.Conv2d(8, 8, 3, groups=8)).eval()
    result = rounded(Compressed(network), Grid(4, True))
    assert result.representations["0.weight"].scale.shape == (8,)
    assert result.representations["1.weight"].scale.shape == (8,)
    assert "0.bias" not in result.representations
