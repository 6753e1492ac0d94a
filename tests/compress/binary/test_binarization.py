import pytest
import torch
from torch import nn

from bench.compress.binary import binarization
from bench.compress.method import NotApplicable
from bench.compress.methods.binary_connect import BinaryConnect
from bench.compress.methods.bwn import Bwn
from bench.compress.methods.float16 import Float16
from bench.compress.methods.magnitude import Magnitude
from bench.compress.methods.xnor_net import XnorNet
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish


class LastRegisteredFirst(nn.Module):
    """Runs its layers in another order than they are registered in."""

    def __init__(self):
        super().__init__()
        self.last = nn.Linear(4, 4)
        self.middle = nn.Conv2d(4, 4, 1)
        self.first = nn.Conv2d(3, 4, 1)

    def forward(self, x):
        return self.last(self.middle(self.first(x)).mean((2, 3)))


class Tokens(nn.Module):
    """A linear layer in the middle that reads (n, tokens, channels)."""

    def __init__(self):
        super().__init__()
        self.first, self.middle, self.last = nn.Conv2d(3, 4, 1), nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x):
        return self.last(self.middle(self.first(x).flatten(2).transpose(1, 2)).mean(1))


def grouped():
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 8, 3, groups=8, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU6(),
        nn.Conv2d(8, 8, 1, groups=2),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 4),
    ).eval()


def test_the_first_and_the_last_are_those_that_run_first_and_last(workbench):
    assert binarization.inner_layers(Compressed(LastRegisteredFirst(), example=workbench.example)) == ["middle"]


def test_a_network_without_layers_between_is_refused(workbench):
    network = nn.Sequential(nn.Conv2d(3, 4, 8), nn.Flatten(), nn.Linear(4, 4)).eval()
    with pytest.raises(NotApplicable, match="none between"):
        Bwn()(Compressed(network, example=workbench.example), workbench)


@pytest.mark.parametrize("method", [BinaryConnect, Bwn, XnorNet])
def test_pruned_weights_are_refused(method, compressed, workbench):
    with pytest.raises(NotApplicable, match="no value for zero"):
        method()(Magnitude(0.5)(compressed, workbench), workbench)


@pytest.mark.parametrize("method", [BinaryConnect, Bwn, XnorNet])
def test_rounded_weights_are_refused(method, compressed, workbench):
    with pytest.raises(NotApplicable, match="already"):
        method()(Float16()(compressed, workbench), workbench)


@pytest.mark.parametrize("method", [BinaryConnect, Bwn, XnorNet])
def test_the_given_network_stays(method, compressed, workbench):
    before = {name: tensor.clone() for name, tensor in compressed.network.state_dict().items()}
    method()(compressed, workbench)
    assert all(torch.equal(before[name], tensor) for name, tensor in compressed.network.state_dict().items())
    assert type(compressed.network.conv) is nn.Conv2d


@pytest.mark.parametrize("method", [BinaryConnect(), BinaryConnect(stochastic=True), Bwn(), XnorNet()], ids=repr)
def test_grouped_and_depthwise_layers_come_back_from_the_file(method, workbench):
    from bench.footprint.packed import pack, unpack

    result = finish(method(Compressed(grouped(), example=workbench.example), workbench))
    network = unpack(pack(result, {}), grouped())
    images = next(workbench.batches(16))[0]
    torch.testing.assert_close(network(images), result.network(images))
    assert network(images).std() > 0


def test_a_linear_layer_over_tokens_has_no_channels_to_normalise(workbench):
    with pytest.raises(NotApplicable, match="3 axes"):
        XnorNet()(Compressed(Tokens(), example=workbench.example), workbench)


@pytest.mark.parametrize("method", [BinaryConnect, Bwn])
def test_no_random_number_is_drawn_outside_of_training(method, compressed, workbench):
    workbench.finetune = lambda network, **options: network.eval() and ()
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    method()(compressed, workbench)
    assert torch.equal(torch.rand(1), expected)
