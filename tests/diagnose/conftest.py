import numpy as np
import pytest
import torch
from torch import nn

from bench.diagnose.diagnostic import Probe
from bench.remember import forget

MEAN, STD = 0.5, 0.25


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride, inplace):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
        self.relu = nn.ReLU(inplace)

    def forward(self, x):
        return self.relu(self.bn(self.conv(x)) + self.shortcut(x))


class Tiny(nn.Module):
    """Two residual blocks of two resolutions, and a classifier."""

    def __init__(self, channels=3, width=6, inplace=False):
        super().__init__()
        self.first = Block(channels, width, 1, inplace)
        self.second = Block(width, 2 * width, 2, inplace)
        self.fc = nn.Linear(2 * width, 4)

    def forward(self, x):
        return self.fc(self.second(self.first(x)).mean((2, 3)))


LAYERS = ("first", "second")


@pytest.fixture(autouse=True)
def nothing_remembered():
    forget()


@pytest.fixture
def make_network():
    def make(seed=0, **settings):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            network = Tiny(**settings)
            network.fc.weight.data.mul_(10)
            for module in network.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.running_mean.normal_(0, 0.1)
                    module.running_var.uniform_(0.5, 1.5)
                    module.bias.data.normal_(0, 0.2)
        return network.eval()

    return make


@pytest.fixture
def make_probe():
    def make(n=12, channels=3, size=8, layers=LAYERS, seed=0):
        rng = np.random.default_rng(5)
        waves = (
            rng.normal(size=(n, channels, 3, 3)).repeat(-(-size // 3), 2).repeat(-(-size // 3), 3)[..., :size, :size]
        )
        pixels = np.clip(128 + 60 * waves + 10 * rng.normal(size=waves.shape), 0, 255).astype(np.uint8)
        images = torch.from_numpy(pixels).float().div(255).sub(MEAN).div(STD)
        labels = rng.integers(0, 4, size=n)
        return Probe(images, pixels, labels, (MEAN,) * channels, (STD,) * channels, seed, layers)

    return make


@pytest.fixture
def probe(make_probe):
    return make_probe()


@pytest.fixture
def networks(make_network):
    return {
        "original": make_network(0),
        "compressed": make_network(0),
        "other-seed": make_network(1),
        "random-weights": make_network(2),
    }


@pytest.fixture
def dead(make_network):
    """A network that puts out zeros whatever it is shown."""
    network = make_network(0)
    for parameter in network.parameters():
        parameter.data.zero_()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.zero_()
    return network


@pytest.fixture
def quantized(make_network, probe):
    from bench.nncf_runtime import nncf

    from torch.utils.data import DataLoader

    loader = DataLoader(probe.images, batch_size=6)
    return nncf.quantize(make_network(0), nncf.Dataset(loader), subset_size=2).eval()


def _same(first, second):
    assert first.metrics == second.metrics
    assert first.notes == second.notes
    assert first.arrays.keys() == second.arrays.keys()
    for name, array in first.arrays.items():
        np.testing.assert_array_equal(array, second.arrays[name])


@pytest.fixture
def assert_same():
    """Two findings are the same, to the bit."""
    return _same
