import torch
from torch import nn

from bench.compress.pruning.reparametrised import RealWeights, Reparametrisation


class Halved(Reparametrisation):
    """The forward pass sees half of each weight, and each learns three times the gradient."""

    def __init__(self):
        self.steps = []

    def visible(self, name, real):
        return real / 2

    def gradient(self, name, real, gradient):
        return 3 * gradient + 0 * real

    def before_step(self, step, steps, real):
        self.steps.append((step, steps))


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(12, 2))


def trained(net, steps, after=lambda step, steps: None):
    generator = torch.Generator().manual_seed(0)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=0.01, nesterov=True)
    for step in range(steps):
        images = torch.randn(4, 2, 4, 4, generator=generator)
        optimizer.zero_grad()
        net(images).square().sum().backward()
        optimizer.step()
        after(step, steps)


def test_the_real_weights_are_those_of_training_through_the_function():
    # the same by a function of the weights in the graph, whose gradient is ½·dL/d(w/2): six times less
    class Through(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = network()

        def forward(self, x):
            first, last = self.net[0], self.net[3]
            seen = [w.detach() / 2 + 3 * (w - w.detach()) for w in (first.weight, last.weight)]
            x = torch.relu(nn.functional.conv2d(x, seen[0], first.bias)).flatten(1)
            return nn.functional.linear(x, seen[1], last.bias)

    net, expected, rule = network(), Through(), Halved()
    weights = RealWeights(net, rule)
    torch.testing.assert_close(net[3].weight, expected.net[3].weight / 2)
    with weights.watching():
        trained(net, 5, weights.after_step)
    trained(expected, 5)
    for name in ("0.weight", "3.weight"):
        torch.testing.assert_close(weights.real[name], expected.net.get_parameter(name).detach())
        torch.testing.assert_close(net.get_parameter(name), expected.net.get_parameter(name) / 2)
    torch.testing.assert_close(net[0].bias, expected.net[0].bias)
    assert rule.steps == [(0, 1), (1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]
    assert not net[0].weight._post_accumulate_grad_hooks


def test_a_layer_that_takes_no_part_keeps_its_real_weight():
    net = nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2)])
    before = net[1].weight.detach().clone()
    weights = RealWeights(net, Halved())
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with weights.watching():
        for step in range(3):
            optimizer.zero_grad()
            net[0](torch.ones(1, 2)).sum().backward()
            optimizer.step()
            weights.after_step(step, 3)
    assert torch.equal(weights.real["1.weight"], before)
    assert torch.equal(net[1].weight, before / 2)
