from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from bench.compress.method import NotApplicable
from bench.compress.pruning import masking, scores
from bench.compress.pruning.masking import prunable


def lamp_by_sums(weight):
    """The formula, weight by weight, in Python's numbers: the weights that a weight is not larger than, later first."""
    values = weight.flatten().tolist()
    ranked = sorted(range(len(values)), key=lambda i: (-abs(values[i]), i))
    found = [0.0] * len(values)
    for rank, i in enumerate(ranked):
        larger = sum(values[j] ** 2 for j in ranked[: rank + 1])
        found[i] = values[i] ** 2 / larger if larger else 0.0
    return torch.tensor(found, dtype=torch.float64).reshape(weight.shape)


def test_lamp_by_hand():
    expected = torch.tensor([[9 / 9, 1 / 14], [0, 4 / 13]], dtype=torch.float64)
    torch.testing.assert_close(scores.lamp(torch.tensor([[3.0, -1.0], [0.0, -2.0]])), expected)


@given(st.integers(1, 40), st.integers(0, 999), st.integers(1, 6))
@settings(max_examples=40, deadline=None)
def test_lamp_is_its_formula_and_the_largest_scores_one(size, seed, steps):
    weight = torch.randn(size, generator=torch.Generator().manual_seed(seed))
    weight = (weight * steps).round() / steps  # many are equal, and some zero
    score = scores.lamp(weight)
    torch.testing.assert_close(score, lamp_by_sums(weight), rtol=1e-12, atol=0)
    assert score.max() == (1.0 if weight.any() else 0.0)
    order = weight.abs().argsort(descending=True, stable=True)
    assert (score[order].diff() <= 0).all()


def test_of_equal_weights_one_scores_one_so_that_no_layer_vanishes():
    score = scores.lamp(torch.full((2, 3), -0.5))
    torch.testing.assert_close(score.flatten(), 1 / torch.arange(1, 7, dtype=torch.float64))
    assert not scores.lamp(torch.zeros(3)).any()


def test_many_small_weights_are_not_lost_in_a_sum():
    weight = torch.full((1_000_000,), 1e-4)
    weight[0] = 1.0
    score = scores.lamp(weight)
    exact = 1 + 999_999 * float(weight[1]) ** 2
    assert float(score[-1]) == pytest.approx(float(weight[1]) ** 2 / exact, rel=1e-9)


def small(seed=0, normalised=False):
    torch.manual_seed(seed)
    norm = [nn.BatchNorm2d(4)] if normalised else []
    return nn.Sequential(
        nn.Conv2d(2, 4, 3), *norm, nn.Tanh(), nn.Flatten(), nn.Linear(4 * 4, 5), nn.Tanh(), nn.Linear(5, 3)
    ).double()  # fmt: skip


def batches_of(*sizes, seed=0):
    generator = torch.Generator().manual_seed(seed)
    images = [torch.randn(size, 2, 4, 4, generator=generator, dtype=torch.float64) for size in sizes]
    return [(batch, torch.randint(3, (len(batch),), generator=generator)) for batch in images]


def loss(network, images, targets):
    return functional.cross_entropy(network(images), targets)


def joined(batches):
    return tuple(torch.cat(parts) for parts in zip(*batches, strict=True))


def by_gates(network, images, targets, masks):
    """The gradient of the loss by gates that multiply the weights, all images as one batch."""
    weights = {name: weight.detach() for name, weight in prunable(network).items()}
    gates = {name: masks[name].double().requires_grad_() for name in weights}
    gated = {name: gate * weights[name] for name, gate in gates.items()}
    outputs = torch.func.functional_call(network, gated, (images,))
    gradients = torch.autograd.grad(functional.cross_entropy(outputs, targets), list(gates.values()))
    sizes = {name: gradient.abs() for name, gradient in zip(gates, gradients, strict=True)}
    total = sum(size.sum() for size in sizes.values())
    return {name: size / total for name, size in sizes.items()}


@pytest.mark.parametrize("pruned", [False, True])
def test_snip_is_the_gradient_of_gates_open_or_closed(pruned):
    network, batches = small(), batches_of(5, 3)
    masks = masking.global_magnitude(network, 0.5) if pruned else {}
    opened = masks or {name: torch.ones_like(weight) for name, weight in prunable(network).items()}
    expected = by_gates(network, *joined(batches), opened)
    found = scores.connection_sensitivity(network, loss, batches, masks)
    for name in expected:
        torch.testing.assert_close(found[name], expected[name])
    assert sum(float(score.sum()) for score in found.values()) == pytest.approx(1)
    if pruned:  # what is closed has a score too, of the weight that it was
        assert all((found[name][~mask] > 0).any() for name, mask in masks.items())


def test_snip_by_hand():
    network = nn.Linear(2, 1, bias=False)
    with torch.no_grad():
        network.weight.copy_(torch.tensor([[3.0, -1.0]]))
    batch = (torch.tensor([[1.0, 2.0]]), torch.tensor([0.0]))
    score = scores.connection_sensitivity(network, lambda net, x, y: (net(x) - y).square().sum(), [batch])["weight"]
    assert score.tolist() == [pytest.approx([3 / 5, 2 / 5])]  # dL/dw = 2·1·(1, 2); w·dL/dw = 6 and -4


def test_snip_uses_the_batchs_statistics_and_leaves_those_of_the_network():
    network, (batch,) = small(normalised=True).eval(), batches_of(6)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    found = scores.connection_sensitivity(network, loss, [batch])
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert not network.training
    training = small(normalised=True).train()
    opened = {name: torch.ones_like(weight) for name, weight in prunable(training).items()}
    expected = by_gates(training, *batch, opened)
    for name in expected:
        torch.testing.assert_close(found[name], expected[name])


def test_snip_of_a_loss_that_no_weight_changes_is_refused():
    with pytest.raises(NotApplicable, match="no weight of it changes the loss"):
        scores.connection_sensitivity(small(), lambda net, x, y: 0 * net(x).sum(), batches_of(2))


def test_grasp_is_the_weight_times_the_product_of_hessian_and_gradient():
    network, batches = small(), batches_of(5, 3)
    images, targets = joined(batches)
    weights = prunable(network)

    def gradient(shift, along):
        moved = {name: weight.detach() + shift * along.get(name, 0) for name, weight in weights.items()}
        moved = {name: value.requires_grad_() for name, value in moved.items()}
        logits = torch.func.functional_call(network, moved, (images,)) / 200
        parts = torch.autograd.grad(functional.cross_entropy(logits, targets), list(moved.values()))
        return dict(zip(moved, parts, strict=True))

    g = gradient(0, {})
    step = 1e-5 / max(float(part.abs().max()) for part in g.values())
    above, below = gradient(step, g), gradient(-step, g)
    found = scores.gradient_flow(network, loss, batches, 200)
    for name, weight in weights.items():
        expected = weight.detach() * (above[name] - below[name]) / (2 * step)
        torch.testing.assert_close(found[name], expected, rtol=1e-4, atol=1e-6 * float(expected.abs().max()))


def test_grasp_by_hand():
    # L = ½(w·x)²: g = (w·x)·x, H = x·xᵀ, Hg = (w·x)|x|²·x; x = (1, 2), w = (3, -1) gives Hg = (5, 10), w·Hg = (15, -10)
    network = nn.Linear(2, 1, bias=False).double()
    with torch.no_grad():
        network.weight.copy_(torch.tensor([[3.0, -1.0]]))
    batch = (torch.tensor([[1.0, 2.0]], dtype=torch.float64), torch.zeros(1))
    score = scores.gradient_flow(network, lambda net, x, y: net(x).square().sum() / 2, [batch], 1.0)["weight"]
    assert score.tolist() == [[15.0, -10.0]]


def test_grasp_says_by_how_much_the_gradient_falls_without_a_weight():
    network, batch = small(3), batches_of(8)[0]
    found = scores.gradient_flow(network, loss, [batch], 1.0)

    def flow(weights):
        weights = {name: weight.requires_grad_() for name, weight in weights.items()}
        outputs = torch.func.functional_call(network, weights, (batch[0],))
        parts = torch.autograd.grad(functional.cross_entropy(outputs, batch[1]), list(weights.values()))
        return float(sum(part.square().sum() for part in parts))

    weights = {name: weight.detach() for name, weight in prunable(network).items()}
    for name, at in (("0.weight", (1, 0, 2, 1)), ("3.weight", (2, 3)), ("5.weight", (0, 4))):
        lessened, raised = ({other: weight.clone() for other, weight in weights.items()} for _ in range(2))
        lessened[name][at] *= 1 - 1e-4
        raised[name][at] *= 1 + 1e-4
        assert (flow(lessened) - flow(raised)) / 2e-4 == pytest.approx(-2 * float(found[name][at]), rel=1e-4)
