import math

import pytest
import torch
from torch import nn

from bench.compress.method import NotApplicable
from bench.compress.pruning.moving import MovingMasks, at_random, by_gradient, moved, random_masks


def test_the_smallest_go_and_the_steepest_come():
    mask = torch.tensor([True, True, True, True, False, False])
    weight = torch.tensor([4.0, -1.0, 2.0, 3.0, 0.0, 0.0])
    growth = torch.tensor([9.0, 0.5, 0.1, 0.2, 0.4, 0.6])
    # a quarter of 4 is the -1; of those that were not kept the sixth is steepest
    assert moved(mask, weight, growth, 0.25).tolist() == [True, False, True, True, False, True]
    # of 0.99 · 4 = 3 only the 4 is kept; what was dropped may come back
    assert moved(mask, weight, growth, 0.99).tolist() == [True, True, False, False, True, True]
    assert torch.equal(moved(mask, weight, growth, 0.2), mask)


def one_layer():
    layer = nn.Linear(6, 1, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[4.0, -1.0, 2.0, 3.0, 0.0, 0.0]]))
    return layer, {"weight": torch.tensor([[True, True, True, True, False, False]])}


def step(layer, optimizer, gradient):
    optimizer.zero_grad()
    (layer.weight * torch.tensor([gradient])).sum().backward()
    optimizer.step()


def test_masks_move_at_their_step_by_the_dense_gradient_and_grow_from_zero():
    layer, masks = one_layer()
    moving = MovingMasks(masks, by_gradient, interval=2, share=0.5, until=1.0)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.001, momentum=0.9)
    after = moving.after_step(layer)
    with moving.watching(layer):
        step(layer, optimizer, [0.0, 0.0, 0.0, 0.0, 1.0, 1.0])
        after(0, 8)
        assert moving.moving == 0
        assert layer.weight[0, 4:].tolist() == [0, 0]  # the optimizer saw no gradient
        step(layer, optimizer, [0.0, 0.0, 0.0, 0.0, 1.0, 1.0])
        after(1, 8)
        expected = 0.25 * (1 + math.cos(math.pi * 2 / 8))
        assert moving.moving == expected
        step(layer, optimizer, [0.0, 0.0, 0.0, 0.0, 2.0, 3.0])
        after(2, 8)
        assert moving.masks["weight"].tolist() == [[True, False, True, True, False, True]]
        # the step in which masks moved was none of the optimizer's, though momentum had gathered for what survives
        assert layer.weight.tolist() == [[4.0, 0, 2, 3, 0, 0]]
        step(layer, optimizer, [1.0, 1.0, 0.0, 0.0, 2.0, 3.0])
        after(3, 8)
    # one step of plain gradient descent from zero: the momentum of the steps before was nothing
    torch.testing.assert_close(layer.weight.detach(), torch.tensor([[3.999, 0, 2, 3, 0, -0.003]]))
    assert not layer.weight._post_accumulate_grad_hooks


def test_masks_stay_after_their_time():
    layer, masks = one_layer()
    moving = MovingMasks(masks, by_gradient, interval=1, share=0.5, until=0.5)
    after = moving.after_step(layer)
    seen = []
    for number in range(8):
        after(number, 8)
        seen.append(moving.moving > 0)
    assert seen == [True, True, True, False, False, False, False, False]


def test_random_masks_have_the_exact_count():
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.Flatten(), nn.Linear(8, 4))
    total = 3 * 8 * 9 + 8 * 8 * 9 + 32
    for rule in ("erk", "uniform"):
        masks = random_masks(network, 0.9, rule, 0)
        assert sum(int(mask.sum()) for mask in masks.values()) == total - int(0.9 * total)
        assert all(map(torch.equal, masks.values(), random_masks(network, 0.9, rule, 0).values()))
        assert not all(map(torch.equal, masks.values(), random_masks(network, 0.9, rule, 1).values()))


def test_growth_at_random_comes_from_the_seed():
    gradient = torch.arange(6.0)
    assert torch.equal(at_random(3)("a", gradient), at_random(3)("a", gradient * 0))
    assert not torch.equal(at_random(3)("a", gradient), at_random(4)("a", gradient))


def test_set_draws_other_weights_than_those_of_the_first_masks():
    # of a network of one layer, growth from the masks' own stream would draw the same scores again
    layer = nn.Linear(20, 20, bias=False)
    masks = random_masks(nn.Sequential(layer), 0.8, "uniform", 0)
    mask = masks["0.weight"]
    after = moved(mask, torch.rand(20, 20), at_random(0)("0.weight", torch.zeros(20, 20)), 0.3)
    assert int(after.sum()) == int(mask.sum()) and int((after & ~mask).sum()) > 10


def test_uniform_but_for_the_first_layer():
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.Flatten(), nn.Linear(8, 40))
    total, first = 3 * 8 * 9 + 8 * 8 * 9 + 320, 3 * 8 * 9
    masks = random_masks(network, 0.7, "uniform-first-dense", 0)
    assert masks["0.weight"].all()
    assert sum(int(mask.sum()) for mask in masks.values()) == total - int(0.7 * total)
    share = (total - int(0.7 * total) - first) / (total - first)
    for name in ("2.weight", "4.weight"):
        assert float(masks[name].float().mean()) == pytest.approx(share, abs=0.005)
    with pytest.raises(NotApplicable, match="its first layer keeps all 216 weights, where 112 are left"):
        random_masks(network, 0.9, "uniform-first-dense", 0)


def test_masks_that_hardly_move_are_warned_of(caplog):
    for steps, words in ((130, "masks move 0 times in 130 steps"), (300, "masks move 2 times"), (30_000, "")):
        layer, masks = one_layer()
        MovingMasks(masks, by_gradient, interval=100, share=0.3, until=0.75).after_step(layer)(0, steps)
        assert words in caplog.text and bool(words) == bool(caplog.text)
        caplog.clear()
