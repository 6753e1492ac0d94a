from itertools import product

import numpy as np
import pytest

from bench.compress.reconstruction import bit_allocation
from bench.compress.reconstruction.bit_allocation import WIDTHS, allocated


def brute_force(losses, numbers, budget):
    fitting = []
    for bits in product(WIDTHS, repeat=len(numbers)):
        size = sum(-(-number * width // 8) for number, width in zip(numbers.values(), bits, strict=True))
        loss = sum(each[WIDTHS.index(width)] for each, width in zip(losses.values(), bits, strict=True))
        fitting += [loss] if size <= budget else []
    return min(fitting, default=None)


def problem(seed):
    rng = np.random.default_rng(seed)
    numbers = {f"layer{index}": int(number) for index, number in enumerate(rng.integers(5, 400, 5))}
    return {name: sorted(rng.random(4) * rng.random(), reverse=True) for name in numbers}, numbers


def test_known_answers():
    """Two layers of 8 weights: 8 and 2 bits for the one that minds and the one that doesn't, in 10 bytes."""
    losses = {"minds": [8, 4, 2, 0], "not": [0.3, 0.2, 0.1, 0]}
    assert allocated(losses, {"minds": 8, "not": 8}, 10) == {"minds": 8, "not": 2}
    assert allocated(losses, {"minds": 8, "not": 8}, 16) == {"minds": 8, "not": 8}
    assert allocated(losses, {"minds": 8, "not": 8}, 9) == {"minds": 4, "not": 4}
    assert allocated(losses, {"minds": 8, "not": 8}, 4) == {"minds": 2, "not": 2}
    assert allocated(losses, {"minds": 8, "not": 8}, 3) is None


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("bits", [1.9, 2, 2.6, 3.3, 4.7, 8])
def test_it_is_the_best_of_all(seed, bits):
    losses, numbers = problem(seed)
    budget = int(bits * sum(numbers.values()) / 8) + len(numbers)
    found, best = allocated(losses, numbers, budget), brute_force(losses, numbers, budget)
    if best is None:
        assert found is None
        return
    assert sum(losses[name][WIDTHS.index(width)] for name, width in found.items()) == pytest.approx(best, rel=1e-12)
    assert sum(-(-numbers[name] * width // 8) for name, width in found.items()) <= budget
    assert list(found) == list(numbers)


def test_large_budgets_are_counted_coarsely_and_kept(monkeypatch):
    losses, numbers = problem(7)
    budget = 3 * sum(numbers.values()) // 8
    monkeypatch.setattr(bit_allocation, "UNITS", 64)
    found = allocated(losses, numbers, budget)
    assert 0.8 * budget < sum(-(-numbers[name] * width // 8) for name, width in found.items()) <= budget


def test_more_bytes_never_lose_more():
    losses, numbers = problem(3)
    totals = []
    for budget in range(sum(numbers.values()) // 4 + 5, sum(numbers.values()) + 5, 20):
        found = allocated(losses, numbers, budget)
        totals.append(sum(losses[name][WIDTHS.index(width)] for name, width in found.items()))
    assert totals == sorted(totals, reverse=True)
    assert totals[0] > totals[-1]
