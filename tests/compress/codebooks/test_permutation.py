import numpy as np
import pytest

from bench.compress.codebooks.permutation import Weight, _Search, best_order, greedy_order, log_determinant, objective


def make(outputs=40, channels=8, kernel=1, length=4, seed=0):
    generator = np.random.default_rng(seed)
    sizes = np.exp(generator.standard_normal((1, channels, 1)))
    return Weight((generator.standard_normal((outputs, channels, kernel)) * sizes).astype(np.float32), length)


def test_the_determinant_is_of_the_covariance_of_sub_vectors():
    weight = make()
    order = np.array([3, 1, 2, 0, 7, 6, 5, 4])
    rows = weight.values[:, order].reshape(-1, 4)
    assert log_determinant(weight, order) == pytest.approx(np.log(np.linalg.det(np.cov(rows.T))), rel=1e-6)


def test_the_largest_channels_share_a_place():
    values = np.random.default_rng(0).standard_normal((100, 8, 1)) * np.array([1, 8, 2, 7, 3, 6, 4, 5])[:, None]
    order = greedy_order([Weight(values, 4)])
    assert [set(order[place::4]) for place in range(4)] == [{1, 3}, {5, 7}, {6, 4}, {2, 0}]


@pytest.mark.parametrize(("kernel", "length"), [(1, 4), (1, 8), (9, 18)])
def test_it_only_ever_gets_better(kernel, length):
    weight = make(outputs=200, channels=16, kernel=kernel, length=length)
    order = best_order([weight], 500, np.random.default_rng(0))
    assert sorted(order) == list(range(16))
    assert objective([weight], order) < objective([weight], np.arange(16))
    assert objective([weight], order) <= objective([weight], greedy_order([weight])) + 1e-9


def test_swaps_are_what_trying_one_after_another_gives():
    weights = [make(60, 16, 1, 4, seed=1), make(50, 16, 9, 18, seed=2)]
    swaps = np.random.default_rng(3).integers(16, size=(120, 2))
    search = _Search(weights, np.arange(16))
    search.run(swaps)
    order = np.arange(16)
    for swap in swaps:
        changed = order.copy()
        changed[swap] = changed[swap[::-1]]
        if objective(weights, changed) < objective(weights, order) - 1e-6:
            order = changed
    assert search.order.tolist() == order.tolist()
    assert search.value == pytest.approx(objective(weights, order), rel=1e-5)


def test_scale_does_not_matter():
    weight = make(channels=16)
    larger = Weight(weight.values * 128, weight.length)
    orders = [best_order([each], 300, np.random.default_rng(0)) for each in (weight, larger)]
    assert orders[0].tolist() == orders[1].tolist()


def test_a_dead_channel_leaves_the_order_alone():
    weight = make()
    weight.values[:, [0, 4]] = 0
    weight.values[:, [1, 5]] = weight.values[:, [2, 6]]
    assert best_order([weight], 50, np.random.default_rng(0)) is None
