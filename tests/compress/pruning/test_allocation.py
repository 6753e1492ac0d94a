from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from bench.compress.method import NotApplicable
from bench.compress.pruning import allocation, masking


def test_two_of_four_neighbours_by_hand():
    score = torch.tensor([[3.0, 1, 2, 0, 9, 8, 7, 6]])
    assert allocation.n_of_m(score, 2, 4).int().tolist() == [[1, 0, 1, 0, 1, 1, 0, 0]]
    assert allocation.n_of_m(score, 4, 8).int().tolist() == [[0, 0, 0, 0, 1, 1, 1, 1]]
    assert allocation.n_of_m(score, 1, 4).int().tolist() == [[1, 0, 0, 0, 1, 0, 0, 0]]


def test_neighbours_lie_along_input_channels_at_one_position():
    score = torch.arange(2 * 4 * 2 * 2).reshape(2, 4, 2, 2).double()  # each later channel has the higher scores
    mask = allocation.n_of_m(score, 2, 4)
    assert mask[:, 2:].all() and not mask[:, :2].any()


def test_of_equal_scores_the_first_survive_and_missing_channels_never_do():
    assert allocation.n_of_m(torch.zeros(1, 6), 2, 4).int().tolist() == [[1, 1, 0, 0, 1, 1]]
    assert allocation.n_of_m(-torch.ones(1, 5), 2, 4).int().tolist() == [[1, 1, 0, 0, 1]]
    assert allocation.n_of_m(torch.zeros(1, 4, 3, 3), 2, 4)[0, :, 2, 1].tolist() == [True, True, False, False]


@given(st.integers(2, 8), st.integers(1, 20), st.integers(0, 99), st.data())
@settings(max_examples=40, deadline=None)
def test_every_group_keeps_n_and_none_that_is_smaller_than_one_left_out(m, channels, seed, data):
    n = data.draw(st.integers(1, m - 1))
    score = torch.rand(3, channels, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    mask = allocation.n_of_m(score, n, m)
    for start in range(0, channels, m):
        scores, kept = score[:, start : start + m], mask[:, start : start + m]
        assert (kept.sum(1) == min(n, kept.shape[1])).all()
        lowest = scores.masked_fill(~kept, 2).amin(1)
        assert (scores.masked_fill(kept, -1).amax(1) <= lowest).all()


SHAPES = {"conv": (8, 3, 3, 3), "wide": (64, 64, 3, 3), "depthwise": (64, 1, 3, 3), "fc": (10, 64)}
SIZES = {name: math.prod(shape) for name, shape in SHAPES.items()}
TOTAL = sum(SIZES.values())


def erk_by_bisection(count):
    """Densities: the ε at which the layers, each at most dense, hold `count` weights; found without any re-solving."""
    low, high = 0.0, 1e6
    for _ in range(200):
        middle = (low + high) / 2
        held = sum(min(middle * sum(shape), SIZES[name]) for name, shape in SHAPES.items())
        low, high = (low, middle) if held > count else (middle, high)
    return {name: min(low * sum(shape), SIZES[name]) for name, shape in SHAPES.items()}


def test_the_best_of_all_layers_by_hand():
    masks = allocation.best({"a": torch.tensor([[1.0, 4.0]]), "b": torch.tensor([3.0, 2.0, 0.5])}, 3)
    assert masks["a"].tolist() == [[False, True]]
    assert masks["b"].tolist() == [True, True, False]


@pytest.mark.parametrize("count", range(8))
def test_ties_never_take_more_or_fewer_than_asked(count):
    scores = {"a": torch.tensor([0.0, 2.0, 0.0]), "b": torch.tensor([0.0, 0.0, 2.0, 0.0])}
    masks = allocation.best(scores, count)
    flat = torch.cat([masks["a"], masks["b"]]).tolist()
    order = [1, 5, 0, 2, 3, 4, 6]  # the twos, then the zeros as they come
    assert [i for i, kept in enumerate(flat) if kept] == sorted(order[:count])


def test_the_best_of_each_layer():
    masks = allocation.best_of_each(
        {"a": torch.tensor([1.0, 4.0]), "b": torch.tensor([[7.0], [8.0]])}, {"a": 1, "b": 0}
    )
    assert masks["a"].tolist() == [False, True] and not masks["b"].any()


def test_survivors_are_counted_as_magnitude_pruning_counts_them():
    network = nn.Linear(10, 10)
    for sparsity in (0.01, 0.29, 0.3, 0.57, 0.7, 0.999):
        (mask,) = masking.global_magnitude(network, sparsity).values()
        assert allocation.survivors(sparsity, 100) == int(mask.sum())


def test_the_same_share_of_each_layer():
    assert allocation.uniform({"a": 100, "b": 50}, 30) == {"a": 20, "b": 10}
    assert allocation.uniform({"a": 3, "b": 3, "c": 3}, 4) == {"a": 2, "b": 1, "c": 1}


@pytest.mark.parametrize("share", [0.01, 0.05, 0.1, 0.2, 0.5, 0.9, 0.99, 1])
def test_erk_solves_its_rule_with_layers_that_would_be_above_one_dense(share):
    count = int(share * TOTAL)
    counts, exact = allocation.erk(SHAPES, count), erk_by_bisection(count)
    assert sum(counts.values()) == count
    for name in SHAPES:
        assert abs(counts[name] - exact[name]) <= 1, name
    dense = [name for name in SHAPES if exact[name] == SIZES[name]]
    assert all(counts[name] == SIZES[name] for name in dense)
    if share == 0.1:
        assert dense == ["conv", "depthwise", "fc"]  # to clamp them would leave the fourth too few
        clamped = {
            name: min(count * sum(shape) / sum(map(sum, SHAPES.values())), SIZES[name])
            for name, shape in SHAPES.items()
        }
        assert sum(clamped.values()) < 0.95 * count


def test_erk_by_hand():
    # 4 + 4 = 8 and 2 + 2 = 4 to 12 survivors: ε = 1 gives 8 of 16 and 4 of 4; with 14, ε = 14/12 makes the second dense
    assert allocation.erk({"a": (4, 4), "b": (2, 2)}, 12) == {"a": 8, "b": 4}
    assert allocation.erk({"a": (4, 4), "b": (2, 2)}, 14) == {"a": 10, "b": 4}
    assert allocation.erk({"a": (4, 4), "b": (2, 2)}, 20) == {"a": 16, "b": 4}


def test_uniform_plus_keeps_the_first_convolution_and_a_fifth_of_the_last_layer():
    shapes = {"conv": (2, 1, 3, 3), "middle": (10, 10), "fc": (10, 5)}  # 18, 100 and 50
    assert allocation.uniform_plus(shapes, 78) == {"conv": 18, "middle": 40, "fc": 20}  # two fifths of both
    assert allocation.uniform_plus(shapes, 33) == {"conv": 18, "middle": 5, "fc": 10}  # a tenth would leave the last 5
    assert allocation.uniform_plus(shapes, 28) == {"conv": 18, "middle": 0, "fc": 10}
    with pytest.raises(NotApplicable, match="28 weights, where 27 are left in all"):
        allocation.uniform_plus(shapes, 27)


def test_uniform_plus_of_linear_layers_alone_keeps_a_fifth_of_the_last():
    assert allocation.uniform_plus({"a": (10, 10), "b": (5, 10)}, 15) == {"a": 5, "b": 10}
    with pytest.raises(NotApplicable):
        allocation.uniform_plus({"a": (10, 10), "b": (5, 10)}, 9)


def test_uniform_plus_of_one_convolution_is_refused_unless_nothing_goes():
    with pytest.raises(NotApplicable):
        allocation.uniform_plus({"conv": (2, 1, 3, 3)}, 17)


@given(st.floats(0.001, 0.999), st.sampled_from(["erk", "uniform", "uniform_plus"]))
@settings(max_examples=60, deadline=None)
def test_counts_add_up_and_fit(sparsity, rule):
    count = allocation.survivors(sparsity, TOTAL)
    try:
        counts = getattr(allocation, rule)(SIZES if rule == "uniform" else SHAPES, count)
    except NotApplicable:
        assert rule == "uniform_plus" and count < SIZES["conv"] + SIZES["fc"] / 5
        return
    assert sum(counts.values()) == count
    assert all(0 <= counts[name] <= SIZES[name] for name in SIZES)


def test_a_share_over_all_layers_is_exact():
    scores = {"a": torch.rand(7, 3), "b": torch.zeros(79)}
    for sparsity in (0.1, 0.5, 0.9, 0.99):
        masks = allocation.best_share(scores, sparsity)
        assert sum(int((~mask).sum()) for mask in masks.values()) == int(sparsity * 100)


def test_the_highest_of_many_scores_are_those_of_a_sort():
    # more scores than the sample from which a threshold is guessed, in orders that mislead it
    size = 3 * allocation.SAMPLE + 7
    generator = torch.Generator().manual_seed(0)
    drawn = torch.rand(size, generator=generator, dtype=torch.float64) ** 9
    stride = size // allocation.SAMPLE
    misleading = torch.zeros(size).double()
    misleading[::stride] = 1  # all that the sample sees
    for scores in (drawn, drawn.sort().values, drawn.round(decimals=1), misleading, torch.zeros(size), -drawn):
        order = scores.argsort(descending=True, stable=True)
        for count in (1, 2, size // 100, size // 2, size - 5, size):
            expected = torch.zeros(size, dtype=torch.bool)
            expected[order[:count]] = True
            assert torch.equal(allocation.best({"only": scores}, count)["only"], expected)
