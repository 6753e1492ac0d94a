"""Scores against computations of their own, in float64."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from bench.compress.filters import importance, thinning
from bench.footprint.compressed import Compressed


@pytest.fixture
def groups(compressed):
    stream, inside = thinning.prunable(compressed, (), "all")
    assert (stream.writers, inside.writers) == (("conv.weight", "block.conv2.weight"), ("block.conv1.weight",))
    return [stream, inside]


def squares(tensor, axes, power=2):
    return tensor.detach().double().abs().pow(power).sum(axes)


@pytest.mark.parametrize("power", [1, 2])
def test_magnitude_is_the_mean_over_all_that_loses_a_slice(tiny, groups, power):
    stream, inside = importance.magnitude(tiny, groups, power)
    block = tiny.block
    expected = [
        squares(block.conv1.weight, (1, 2, 3), power),
        squares(block.bn1.weight[:, None], 1, power),
        squares(block.conv2.weight, (0, 2, 3), power),
    ]
    torch.testing.assert_close(inside, torch.stack(expected).mean(0))
    expected = [
        squares(tiny.conv.weight, (1, 2, 3), power),
        squares(block.conv2.weight, (1, 2, 3), power),
        squares(tiny.bn.weight[:, None], 1, power),
        squares(block.bn2.weight[:, None], 1, power),
        squares(block.conv1.weight, (0, 2, 3), power),
        squares(tiny.fc.weight, 0, power),
    ]
    torch.testing.assert_close(stream, torch.stack(expected).mean(0))


def test_the_sum_of_distances_is_not_of_squares():
    network = nn.Sequential(nn.Conv2d(1, 4, 1, bias=False), nn.ReLU(), nn.Conv2d(4, 1, 1)).eval()
    network[0].weight.data = torch.tensor([1.0, -1.0, 3.0, 2.0]).view(4, 1, 1, 1)
    groups = thinning.prunable(Compressed(network, example=torch.zeros(1, 1, 2, 2)), (), "all")
    # |1-(-1)| + |1-3| + |1-2| = 5; 2 + 4 + 3 = 9; 2 + 4 + 1 = 7; 1 + 3 + 1 = 5: w and -w are no twins
    assert importance.geometric_median(network, groups)[0].tolist() == [5, 9, 7, 5]


def test_scales_are_absolute_means(tiny, groups):
    with torch.no_grad():
        tiny.bn.weight[0] = -3.0
    stream, inside = importance.scale(tiny, groups)
    torch.testing.assert_close(inside, tiny.block.bn1.weight.detach().double())
    expected = (tiny.bn.weight.detach().double().abs() + tiny.block.bn2.weight.detach().double().abs()) / 2
    torch.testing.assert_close(stream, expected)


def gradients(network, workbench, images, batch_size):
    """By batch: every parameter's gradient."""
    for batch, targets in workbench.batches(images, batch_size):
        loss = workbench.loss(network, batch, targets)
        names, parameters = zip(*network.named_parameters(), strict=True)
        yield dict(zip(names, torch.autograd.grad(loss, parameters), strict=True))


def test_gates_are_squared_before_the_mean_over_batches(tiny, groups, workbench):
    expected, sums = [], []
    for gradient in gradients(tiny, workbench, 48, 16):
        bn = tiny.block.bn1
        gate = bn.weight * gradient["block.bn1.weight"] + bn.bias * gradient["block.bn1.bias"]
        expected.append(gate.detach().double() ** 2)
        sums.append(gate.detach().double())
    scores = importance.gates(tiny, groups, workbench, 48, 16)[1]
    torch.testing.assert_close(scores, torch.stack(expected).mean(0), rtol=1e-5, atol=1e-12)
    assert not torch.allclose(scores, torch.stack(sums).mean(0) ** 2, rtol=1e-2)


def test_a_gate_is_the_loss_without_the_channel_to_first_order(tiny, groups, workbench):
    """(L(1 + h) - L(1 - h)) / 2h by the gate after normalisation."""
    (batch, targets), *_ = workbench.batches(32)
    scores = importance.gates(tiny, groups, workbench, 32, 32)[1]
    changes = []
    for channel in range(8):
        losses = []
        for gate in (1.001, 0.999):
            network = deepcopy(tiny).double()
            with torch.no_grad():
                network.block.bn1.weight[channel] *= gate
                network.block.bn1.bias[channel] *= gate
                losses.append(workbench.loss(network, batch.double(), targets).item())
        changes.append(((losses[0] - losses[1]) / 0.002) ** 2)
    np.testing.assert_allclose(scores, changes, rtol=1e-2, atol=1e-9)


def test_products_of_weights_and_of_groups(tiny, groups, workbench):
    weights, products = [], []
    for gradient in gradients(tiny, workbench, 32, 16):
        product = {name: (parameter * gradient[name]).detach().double() for name, parameter in tiny.named_parameters()}
        weights.append(product["block.conv1.weight"].pow(2).sum((1, 2, 3)))
        members = [
            product["block.conv1.weight"].abs().sum((1, 2, 3)),
            product["block.bn1.weight"].abs(),
            product["block.conv2.weight"].abs().sum((0, 2, 3)),
        ]
        products.append(torch.stack(members).mean(0))
    scores = importance.weights(tiny, groups, workbench, 32, 16)[1]
    torch.testing.assert_close(scores, torch.stack(weights).mean(0), rtol=1e-5, atol=1e-12)
    scores = importance.group_products(tiny, groups, workbench, 32, 16)[1]
    torch.testing.assert_close(scores, torch.stack(products).mean(0), rtol=1e-5, atol=1e-12)


def test_fisher_is_the_mean_of_squares_and_not_the_square_of_means(tiny, groups, workbench):
    scores = importance.fisher(tiny, groups, workbench, 20)[1]
    generator = torch.Generator().manual_seed(workbench.seed)
    squared, summed = [], []
    for image in next(workbench.batches(20))[0].split(1):
        logits = tiny(image)
        label = torch.multinomial(logits.softmax(1).detach(), 1, generator=generator)[0]
        loss = nn.functional.cross_entropy(logits, label)
        gradient = torch.autograd.grad(loss, tiny.block.conv1.weight)[0].double()
        squared.append(gradient**2)
        summed.append(gradient)
    weight = tiny.block.conv1.weight.detach().double() ** 2
    expected = (weight * torch.stack(squared).mean(0)).sum((1, 2, 3))
    torch.testing.assert_close(scores, expected, rtol=1e-4, atol=1e-12)
    last = (weight * squared[-1]).sum((1, 2, 3))
    means = (weight * torch.stack(summed).mean(0) ** 2).sum((1, 2, 3))
    assert not torch.allclose(scores, last, rtol=1e-2)
    assert not torch.allclose(scores, means, rtol=1e-2)


def test_ranks_of_maps_after_normalisation_and_activation():
    network = nn.Sequential(nn.Conv2d(1, 3, 1, bias=False), nn.ReLU(), nn.Conv2d(3, 1, 1)).eval()
    network[0].weight.data = torch.tensor([1.0, -1.0, 0.0]).view(3, 1, 1, 1)
    image = torch.diag(torch.tensor([1.0, 2.0, 3.0, -1.0])).view(1, 1, 4, 4)

    class Workbench:
        def batches(self, images):
            yield image, None
            yield image, None

    groups = thinning.prunable(Compressed(network, example=image), (), "all")
    assert importance.feature_ranks(network, groups, Workbench(), 2)[0].tolist() == [3, 1, 0]


def test_scoring_leaves_the_network_as_it_was(tiny, groups, workbench):
    tiny.fc.requires_grad_(False)
    before = deepcopy(tiny.state_dict())
    importance.gates(tiny, groups, workbench, 32, 16)
    importance.fisher(tiny, groups, workbench, 4)
    importance.feature_ranks(tiny, groups, workbench, 4)
    assert all(torch.equal(before[name], tensor) for name, tensor in tiny.state_dict().items())
    assert all(parameter.grad is None for parameter in tiny.parameters())
    assert [name for name, parameter in tiny.named_parameters() if not parameter.requires_grad] == [
        "fc.weight",
        "fc.bias",
    ]
    assert not any(module._forward_pre_hooks for module in tiny.modules())


def test_without_normalisation_the_gate_stands_after_the_layer(workbench):
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(), nn.Conv2d(4, 4, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    groups = thinning.prunable(Compressed(network.eval(), example=torch.zeros(1, 3, 8, 8)), (), "all")
    scores = importance.gates(network, groups, workbench, 16, 16)[0]
    (batch, targets), *_ = workbench.batches(16)
    gate = torch.ones(4, requires_grad=True)
    maps = network[0](batch) * gate.view(-1, 1, 1)
    workbench.loss(network[1:], maps, targets).backward()
    torch.testing.assert_close(scores, gate.grad.double() ** 2, rtol=1e-4, atol=1e-12)


class Stream(nn.Module):
    """A stem whose channels a residual branch reads and adds to, with activations that are functions."""

    def __init__(self, end):
        super().__init__()
        self.stem, self.norm = nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6)
        self.a, self.b = nn.Conv2d(6, 5, 3, padding=1), nn.Conv2d(5, 6, 3, padding=1)
        self.end = end
        self.seen = []

    def forward(self, x):
        first = functional.relu(self.norm(self.stem(x)))
        inner = functional.relu(self.a(first), inplace=True)
        last = functional.relu(first + self.b(inner))
        self.seen = [[first.detach().clone(), last.detach().clone()], [inner.detach().clone()]]
        return self.end(last)


ENDS = {
    "mean": lambda: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 4)),
    "max": lambda: nn.Sequential(nn.MaxPool2d(2), nn.Conv2d(6, 4, 1), nn.Flatten(1), nn.Linear(16 * 1, 4)),
    "flattened": lambda: nn.Sequential(nn.Flatten(), nn.Linear(6 * 32, 4)),
    "pooled, then flattened": lambda: nn.Sequential(nn.AvgPool2d(2), nn.Flatten(), nn.Linear(6 * 8, 4)),
}


@pytest.mark.parametrize("end", ENDS)
def test_ranks_are_of_all_maps_of_a_stream_before_pooling_and_flattening(end):
    torch.manual_seed(0)
    network = Stream(ENDS[end]()).eval()
    if end == "max":
        network.end[3] = nn.Linear(4 * 2 * 4, 4)
    with torch.no_grad():
        network.norm.bias.copy_(torch.tensor([1.0, -0.5, 0.0, -9.0, 0.3, 0.1]))
    images = torch.randn(5, 3, 4, 8)  # not square

    class Workbench:
        def batches(self, count):
            yield images[:3], None
            yield images[3:], None

    groups = [
        group
        for group in thinning.prunable(Compressed(network, example=images[:1]), (), "all")
        if group.count in (5, 6)
    ]
    found = importance.feature_ranks(network, groups, Workbench(), 5)
    network(images)
    expected = [torch.stack([torch.linalg.matrix_rank(maps).double() for maps in of]) for of in network.seen]
    assert [group.count for group in groups] == [6, 5]
    for scores, ranks in zip(found, expected, strict=True):
        torch.testing.assert_close(scores, ranks.mean((0, 1)))
    assert found[0][3] > 0  # the branch writes what the stem does not
    assert len(found[1].unique()) > 1
