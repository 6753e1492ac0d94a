import gc
import weakref

import numpy as np
import pytest
import torch
from torch import nn

from bench.diagnose.explanations.attribution import METHODS, CannotExplain, How, explain
from bench.diagnose.networks import Version

TARGETS = np.array([1, 0])


class Pooled(nn.Module):
    """A convolution, kept as it is, and a classifier on its means."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 1, bias=False)
        self.fc = nn.Linear(3, 2, bias=False)

    def forward(self, x):
        return self.fc(self.conv(x).mean((2, 3)))


class Linear(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(16, 2)
        nn.init.normal_(self.fc.weight, generator=torch.Generator().manual_seed(0))

    def forward(self, x):
        return self.fc(x.flatten(1))


@pytest.fixture
def linear():
    return Linear().eval()


@pytest.fixture
def images():
    return torch.randn(2, 1, 4, 4, generator=torch.Generator().manual_seed(1))


def of(network, method, images, targets=TARGETS, **how):
    return explain(Version("network", "network", network), method, images, targets, How(**how))


@pytest.mark.parametrize("method", ["saliency", "smoothgrad"])
def test_gradient_of_a_linear_network_is_its_weight(method, linear, images):
    expected = linear.fc.weight.detach()[TARGETS].view(2, 1, 4, 4)
    np.testing.assert_allclose(of(linear, method, images), expected, rtol=1e-5)


@pytest.mark.parametrize("method", ["integrated-gradients", "lrp"])
def test_relevance_of_a_linear_network_is_weight_times_pixel(method, linear, images):
    nn.init.zeros_(linear.fc.bias)
    expected = linear.fc.weight.detach()[TARGETS].view(2, 1, 4, 4) * images
    np.testing.assert_allclose(of(linear, method, images), expected, rtol=1e-4, atol=1e-5)


def test_occlusion_of_a_linear_network_is_what_the_squares_held(linear, images):
    products = linear.fc.weight.detach()[TARGETS].view(2, 1, 4, 4) * images
    corner = of(linear, "occlusion", images)[:, 0, 0, 0]  # one square of 2×2 covers the corner
    np.testing.assert_allclose(corner, products[:, 0, :2, :2].sum((1, 2)), rtol=1e-4)


def test_grad_cam_weighs_the_layers_maps_by_their_mean_gradient(images):
    network = Pooled().eval()
    weights = network.fc.weight.detach()[TARGETS] / 16
    expected = torch.einsum("nc,nchw->nhw", weights, network.conv(images).detach())
    np.testing.assert_allclose(of(network, "grad-cam", images, layer="conv")[:, 0], expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("inplace", [False, True])
def test_guided_backprop_drops_what_speaks_against(inplace, images):
    network = nn.Sequential(nn.ReLU(inplace), nn.Flatten(), nn.Linear(16, 2, bias=False)).eval()
    weights = network[2].weight.detach()[TARGETS].view(2, 1, 4, 4)
    expected = weights.clamp_min(0) * (images > 0)
    np.testing.assert_allclose(of(network, "guided-backprop", images), expected, rtol=1e-5)
    assert network[0].inplace == inplace


@pytest.mark.parametrize("method", sorted(METHODS))
def test_maps_are_signed_the_same_again_and_leave_the_network_alone(method, make_network, probe):
    network = make_network(0, inplace=True).train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    state = torch.random.get_rng_state()
    targets = np.zeros(12, int)
    try:
        maps = of(network, method, probe.images, targets, layer="second")
    except CannotExplain:
        assert method == "lrp"
    else:
        assert maps.shape[0] == 12 and maps.min() < 0 < maps.max()
        np.testing.assert_array_equal(of(make_network(0), method, probe.images, targets, layer="second"), maps)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert network.training and network.first.relu.inplace
    assert all(parameter.requires_grad and parameter.grad is None for parameter in network.parameters())
    assert not any(module._forward_hooks or module._backward_hooks for module in network.modules())
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, before[name])


def test_refuses_guided_backprop_without_rectifiers(linear, images):
    with pytest.raises(CannotExplain, match="no ReLU module"):
        of(linear, "guided-backprop", images)


def test_a_refusal_that_is_remembered_keeps_no_network_alive(images):
    network = nn.Sequential(nn.Flatten(), nn.LazyLinear(4))
    network(images)
    alive = weakref.ref(network)
    for _ in range(2):
        with pytest.raises(CannotExplain):
            of(network, "guided-backprop", images)
    del network
    gc.collect()
    assert alive() is None


def test_says_what_captum_ran_into(images):
    class Broken(nn.Module):
        def forward(self, x):
            raise ValueError("this network is broken")

    with pytest.raises(CannotExplain, match="ValueError: this network is broken"):
        of(Broken(), "saliency", images)


def test_refuses_relevance_that_gets_lost(make_network, probe):
    with pytest.raises(CannotExplain):
        of(make_network(), "lrp", probe.images, np.zeros(12, int))


def test_refuses_relevance_through_fake_quantisation(quantized, probe):
    with pytest.raises(CannotExplain):
        of(quantized, "lrp", probe.images, np.zeros(12, int))


class Mixed(nn.Module):
    """One ReLU is a module, another a function."""

    def __init__(self):
        super().__init__()
        self.conv, self.relu, self.fc = nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Linear(3, 2)

    def forward(self, x):
        return self.fc(torch.relu(self.relu(self.conv(x)) - 0.1).mean((2, 3)))


def test_guided_backprop_is_refused_where_some_relus_are_functions(images):
    with pytest.raises(CannotExplain, match="1 of its ReLUs are functions"):
        of(Mixed().eval(), "guided-backprop", images)


def test_a_refused_propagation_leaves_nothing_behind(images):
    network = nn.Sequential(nn.Conv2d(1, 3, 3), nn.GroupNorm(1, 3), nn.GELU(), nn.Flatten(), nn.Linear(12, 2)).eval()
    before = [sorted(vars(module)) for module in network.modules()]
    with pytest.raises(CannotExplain):
        of(network, "lrp", images)
    assert [sorted(vars(module)) for module in network.modules()] == before
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in network.modules())


def rectified_by_assignment(x):
    x = x.clone()
    x[x < 0] = 0
    return x


RECTIFIERS = {
    "clamp": lambda x: x.clamp(min=0),
    "clamp in place": lambda x: x.clamp_(0),
    "clamp_min": lambda x: torch.clamp_min(x, 0.0),
    "maximum": lambda x: torch.maximum(x, torch.zeros_like(x)),
    "threshold": lambda x: nn.functional.threshold(x, 0, 0),
    "relu6": nn.functional.relu6,
    "hardtanh": lambda x: nn.functional.hardtanh(x, 0, 6),
    "where": lambda x: torch.where(x > 0, x, 0.0),
    "where, the other way": lambda x: torch.where(x <= 0, torch.zeros_like(x), x),
    "product": lambda x: x * (x > 0),
    "product in place": lambda x: x.mul_((x > 0).float()),
    "masked_fill": lambda x: x.masked_fill(x < 0, 0),
    "half of a sum": lambda x: (x + x.abs()) / 2,
    "assignment": rectified_by_assignment,
}


class Written(nn.Module):
    """A ReLU module, and another rectifier behind it."""

    def __init__(self, rectify):
        super().__init__()
        self.first, self.relu, self.second = nn.Conv2d(1, 3, 1), nn.ReLU(), nn.Conv2d(3, 3, 1)
        self.fc, self.rectify = nn.Linear(3, 2), rectify

    def forward(self, x):
        return self.fc(self.rectify(self.second(self.relu(self.first(x)))).mean((2, 3)))


@pytest.mark.parametrize("kind", RECTIFIERS)
def test_guided_backprop_is_refused_however_a_rectifier_is_written(kind, images):
    torch.manual_seed(0)
    with pytest.raises(CannotExplain, match="1 of its ReLUs are functions"):
        of(Written(RECTIFIERS[kind]).eval(), "guided-backprop", images)


@pytest.mark.parametrize(
    "other",
    [
        lambda x: x.clamp(max=3),
        lambda x: x + x.amax(1, keepdim=True),
        nn.Hardswish(),
        nn.Sequential(nn.ReLU(), nn.Dropout(), nn.MaxPool2d(1)),
        lambda x: x * (x < 1e9),
        lambda x: x * (x > -1),
    ],
)
def test_guided_backprop_passes_what_rectifies_nothing(other, images):
    assert of(Written(other).eval(), "guided-backprop", images).shape == (2, 1, 4, 4)


class Shared(Pooled):
    """One module for two maps of different sizes, written over afterwards."""

    def __init__(self):
        super().__init__()
        self.relu = nn.ReLU()

    def forward(self, x):
        maps = self.relu(self.conv(x))
        maps *= 3
        return self.fc(self.relu(maps[..., ::2]).mean((2, 3)))


def test_grad_cam_explains_the_call_that_is_named(images):
    network = Shared().eval()
    maps = network.conv(images).relu().detach()
    weights = network.fc.weight.detach()[TARGETS]  # of the mean over every other column, of which there are 8
    per_position = torch.zeros(2, 3, 4, 4)
    per_position[..., ::2] = (3 * weights / 8)[:, :, None, None] * (maps[..., ::2] > 0)
    expected = (per_position.mean((2, 3), keepdim=True) * maps).sum(1, keepdim=True)
    np.testing.assert_allclose(of(network, "grad-cam", images, layer="relu#1"), expected.detach(), rtol=1e-4, atol=1e-6)
    assert of(network, "grad-cam", images, layer="relu#2").shape == (2, 1, 4, 2)
    with pytest.raises(CannotExplain, match="calls relu 2 times"):
        of(network, "grad-cam", images, layer="relu")
