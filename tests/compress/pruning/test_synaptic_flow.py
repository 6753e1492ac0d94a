import pytest
import torch
from torch import nn
from torch.nn import functional

from bench.compress.method import NotApplicable
from bench.compress.pruning import masking
from bench.compress.pruning.synaptic_flow import SynapticFlow
from bench.zoo.networks import build


def test_synflow_by_hand():
    network = nn.Sequential(nn.Linear(2, 2, bias=False), nn.ReLU(), nn.Linear(2, 1, bias=False))
    with torch.no_grad():
        network[0].weight.copy_(torch.tensor([[1.0, -2.0], [-3.0, 4.0]]))
        network[2].weight.copy_(torch.tensor([[5.0, -6.0]]))
    found = SynapticFlow(network, (1, 2)).scores({})
    assert found["0.weight"].tolist() == [[5.0, 10.0], [18.0, 24.0]]  # |w| · |what it flows into|
    assert found["2.weight"].tolist() == [[15.0, 42.0]]
    assert network[0].weight[0, 1] == -2


def vgg(seed=0, widths=(8, 8, 16, 16, 32), classes=4):
    """Convolutions without biases, normalised and pooled, then a classifier."""
    torch.manual_seed(seed)
    layers, inputs = [], 3
    for number, width in enumerate(widths):
        layers += [nn.Conv2d(inputs, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
        layers += [nn.MaxPool2d(2)] if number in (1, 3) else []
        inputs = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, classes)).eval()


def test_synflow_is_conserved_in_every_layer():
    network = vgg()
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):  # as after training: no scale, shift or statistic may matter
                module.weight.uniform_(-1, 1)
                module.bias.uniform_(-1, 1)
                module.running_mean.uniform_(-1, 1)
                module.running_var.uniform_(0.1, 3)
    flow = SynapticFlow(network, (1, 3, 8, 8))
    sums = [float(score.sum()) for score in flow.scores({}).values()]
    assert sums == pytest.approx([sums[0]] * len(sums), rel=1e-9)
    masks = masking.global_magnitude(network, 0.5)
    sums = [float(score.sum()) for score in flow.scores(masks).values()]
    assert sums == pytest.approx([sums[0]] * len(sums), rel=1e-9)
    fresh = SynapticFlow(vgg(), (1, 3, 8, 8)).scores(masks)
    for name, score in flow.scores(masks).items():
        torch.testing.assert_close(score, fresh[name])
        assert not score[~masks[name]].any()


class Applied(nn.Module):
    """A function as a module."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


BOUNDED = [
    *(nn.ReLU6(inplace=True), nn.Hardswish(inplace=True), nn.SiLU(), nn.SiLU(inplace=True), nn.GELU(), nn.Mish()),
    *(nn.Sigmoid(), nn.Hardsigmoid(), nn.Tanh(), nn.Hardtanh(), nn.ELU(inplace=True)),
    *map(Applied, (functional.relu6, functional.silu, torch.sigmoid, torch.tanh_, functional.hardsigmoid)),
    Applied(lambda x: x.clamp(0, 6)),
    Applied(lambda x: torch.clamp(input=x, max=1)),
    Applied(lambda x: x * torch.sigmoid(x)),
    Applied(lambda x: x.mul(x.sigmoid())),
    Applied(lambda x: functional.layer_norm(x, x.shape[1:])),
]


@pytest.mark.parametrize("bounded", BOUNDED)
def test_synflow_is_not_stopped_by_an_activation_with_an_upper_bound(bounded):
    network, other = vgg(), vgg()
    for name, module in list(other.named_children()):
        if isinstance(module, nn.ReLU):
            other.register_module(name, bounded)
    expected, found = (SynapticFlow(net, (1, 3, 8, 8)).scores({}) for net in (network, other))
    for name, score in expected.items():
        torch.testing.assert_close(found[name], score)


def test_synflow_of_a_deep_network_is_beyond_float32_and_fine():
    torch.manual_seed(0)
    deep = nn.Sequential(*[nn.Linear(64, 64, bias=False) for _ in range(60)])
    with torch.no_grad():
        for layer in deep:
            layer.weight.mul_(4)
    total = float(SynapticFlow(deep, (1, 64)).scores({})["0.weight"].sum())
    assert torch.finfo(torch.float32).max < total < float("inf")
    with torch.no_grad():
        for layer in deep:
            layer.weight.mul_(1e5)
    with pytest.raises(NotApplicable, match="beyond the largest numbers"):
        SynapticFlow(deep, (1, 64)).scores({})


class Gated(nn.Module):
    """Its channels are scaled by what a squeeze and an excitation make of them; `form` says how this is written."""

    def __init__(self, channels, form="gate first"):
        super().__init__()
        self.squeeze, self.excite = (nn.Linear(*sizes, bias=False) for sizes in ((channels, 2), (2, channels)))
        self.form = form

    def forward(self, x):
        gate = torch.sigmoid(self.excite(functional.relu(self.squeeze(x.mean((2, 3))))))[..., None, None]
        if self.form == "gate first":
            return gate * x
        if self.form == "map first":
            return torch.mul(x, gate)
        x *= gate
        return x


def gated(form="gate first"):
    torch.manual_seed(0)
    conv, last = nn.Conv2d(2, 4, 3, padding=1, bias=False), nn.Linear(4, 3, bias=False)
    return nn.Sequential(conv, nn.SiLU(), Gated(4, form), nn.AdaptiveAvgPool2d(1), nn.Flatten(), last)


@pytest.mark.parametrize("form", ["gate first", "map first", "in place"])
def test_a_gate_gets_half_of_what_flows_and_nothing_is_lost(form):
    flow = SynapticFlow(gated(form), (1, 2, 5, 5)).scores({})
    total = float(flow["5.weight"].sum())  # the last layer's is R
    sums = {name: float(score.sum()) / total for name, score in flow.items()}
    halves = {"2.squeeze.weight": 0.5, "2.excite.weight": 0.5}
    assert sums == pytest.approx({"0.weight": 1, "5.weight": 1} | halves, rel=1e-9)


def test_a_gate_by_hand():
    # map x = 1·a with a = 2, gate u = 3·x: its value passes the gate unchanged, R = 5·2 = 10, half of it by the gate
    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.gate, self.last = (nn.Linear(1, 1, bias=False) for _ in range(3))

        def forward(self, x):
            x = self.first(x)
            return self.last(x * torch.sigmoid(self.gate(x)))

    network = Scaled()
    with torch.no_grad():
        for layer, value in ((network.first, -2.0), (network.gate, 3.0), (network.last, 5.0)):
            layer.weight.fill_(value)
    flow = SynapticFlow(network, (1, 1))
    assert {name: float(score) for name, score in flow.scores({}).items()} == pytest.approx(
        {"first.weight": 10, "gate.weight": 5, "last.weight": 10}
    )
    # without its weight the gate is as good as open: all flows past it
    closed = flow.scores({"gate.weight": torch.tensor([[False]])})
    assert {name: float(score) for name, score in closed.items()} == pytest.approx(
        {"first.weight": 10, "gate.weight": 0, "last.weight": 10}
    )


def test_a_scale_that_is_no_map_takes_no_share():
    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer, self.scale = nn.Linear(2, 2, bias=False), nn.Parameter(torch.tensor([-3.0, 0.5]))

        def forward(self, x):
            return self.scale.view(1, -1) * self.layer(x)

    network = Scaled()
    expected = network.layer.weight.detach().double().abs() * torch.tensor([[3.0], [0.5]])
    torch.testing.assert_close(SynapticFlow(network, (1, 2)).scores({})["layer.weight"], expected)


@pytest.mark.parametrize("name", ["torchvision:efficientnet_b0", "torchvision:mobilenet_v3_small"])
def test_every_layer_of_gated_networks_has_a_flow(name):
    scores = SynapticFlow(build.build(name, 3, 10, 32, 0), (1, 3, 32, 32)).scores({})
    total = max(float(score.sum()) for score in scores.values())
    # within a block all is conserved: the gate's layers have half of what its last convolution has
    gates = [layer for layer in scores if layer.endswith(("fc1.weight", "fc2.weight"))]
    assert gates
    assert all(float(scores[layer].sum()) > 1e-3 * total for layer in gates)
    first = next(iter(scores))
    assert float(scores[first].sum()) == pytest.approx(total, rel=1e-9)
