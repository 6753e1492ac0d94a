import math

import pytest
import torch
from torch import nn

from bench.compress.pruning import soft_threshold
from bench.compress.pruning.reparametrised import RealWeights
from bench.compress.pruning.soft_threshold import SoftThresholds, soft
from bench.footprint.compressed import Compressed


def test_soft_thresholds_by_hand():
    s = torch.tensor(math.log(0.25 / 0.75))  # its sigmoid is a quarter
    weight = torch.tensor([1.0, -0.5, 0.25, -0.125, 0.0])
    torch.testing.assert_close(soft(weight, s), torch.tensor([0.75, -0.25, 0.0, 0.0, 0.0]))


def test_gradients_by_hand():
    # threshold ¼, weights 1, -½ and ⅛ with dL/dw̃ = 2, 3 and 5: dL/dw = 2, 3, 0;
    # dL/ds = -(¼·¾)·(2·1 + 3·(-1)) = 3/16, to which decay adds a tenth of s
    layer = nn.Linear(3, 1, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0, -0.5, 0.125]]))
    start = math.log(0.25 / 0.75)
    thresholds = SoftThresholds(layer, start, 0.1)
    weights = RealWeights(layer, thresholds)
    torch.testing.assert_close(layer.weight.detach(), torch.tensor([[0.75, -0.25, 0.0]]))
    with weights.watching():
        layer(torch.tensor([[2.0, 3.0, 5.0]])).sum().backward()
    assert layer.weight.grad.tolist() == [[2.0, 3.0, 0.0]]
    torch.testing.assert_close(thresholds.s.grad, torch.tensor([3 / 16 + 0.1 * start, 0.1 * start]))
    assert layer.weight.tolist() == [[1.0, -0.5, 0.125]]  # the optimizer finds the real weights


@pytest.mark.parametrize("seed", [0, 1])
def test_gradients_are_those_of_the_function_in_the_graph(seed):
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16, 3)).double()
    images, start = torch.randn(5, 2, 4, 4).double(), -2.5
    thresholds = [torch.tensor(start).double().requires_grad_() for _ in range(2)]
    real = [net[0].weight.detach().clone().requires_grad_(), net[3].weight.detach().clone().requires_grad_()]
    seen = [w.sign() * torch.relu(w.abs() - torch.sigmoid(s)) for w, s in zip(real, thresholds, strict=True)]
    hidden = torch.relu(nn.functional.conv2d(images, seen[0], net[0].bias)).flatten(1)
    nn.functional.linear(hidden, seen[1], net[3].bias).square().sum().backward()

    rule = SoftThresholds(net, start, 0.0)
    with RealWeights(net, rule).watching():
        net(images).square().sum().backward()
    for layer, weight in zip((net[0], net[3]), real, strict=True):
        torch.testing.assert_close(layer.weight.grad, weight.grad)
        assert (weight.grad == 0).any() and (weight.grad != 0).any()
    expected = torch.stack([s.grad for s in thresholds])
    torch.testing.assert_close(rule.s.grad[:2].double(), expected, rtol=1e-5, atol=1e-6)
    assert rule.s.grad[2] == 0


def test_the_parameter_is_released():
    net = nn.Sequential(nn.Linear(3, 2))
    names = [name for name, _ in net.named_parameters()]
    rule = SoftThresholds(net, -4.0, 0.0)
    assert len(list(net.parameters())) == len(names) + 1
    assert net(torch.ones(1, 3)).shape == (1, 2)
    assert rule.released(net) == [-4.0, -4.0]
    assert [name for name, _ in net.named_parameters()] == names


@pytest.mark.parametrize("wanted", [0.3, 0.8, 0.97])
@pytest.mark.parametrize("reach", [0.3, 400.0])  # sums of learning rates of short and long trainings
def test_the_search_finds_the_decay_for_a_sparsity(wanted, reach, monkeypatch):
    # weights whose logarithms are even, and thresholds that move half as far as decay alone would move them
    magnitudes = torch.linspace(-9, -1, 10_000).double()
    starts = []

    def tried(compressed, workbench, start, decay, aim):
        end = start * math.exp(-decay * reach)
        final = -6 + (end + 6) / 2 if end > -6 else end
        starts.append(start)
        left = int((magnitudes > final).sum())
        network = nn.Linear(10_000, 1, bias=False)
        with torch.no_grad():
            network.weight.copy_((magnitudes > final) * magnitudes.exp())
        shift = float((magnitudes - final).kthvalue(int(aim * 10_000)).values)
        return soft_threshold.SoftTraining(network, left, 10_000, end, shift, ())

    monkeypatch.setattr(soft_threshold, "tried", tried)
    masks = soft_threshold.searched(Compressed(nn.Linear(10_000, 1, bias=False)), None, wanted, -10.0, 6).masks
    assert int(masks["weight"].sum()) == 10_000 - int(wanted * 10_000)
    assert starts == [-10.0] * 6
