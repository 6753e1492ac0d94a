from __future__ import annotations

import pytest
import torch
import torchvision
from torch import nn
from torch.nn import functional

from bench import api
from bench.footprint.trace import trace


class Of(nn.Module):
    """A function of the image and some modules."""

    def __init__(self, function, *parts):
        super().__init__()
        self.function, self.parts = function, nn.ModuleList(parts)

    def forward(self, image):
        return self.function(image, *self.parts)


def rows(image):
    return image.flatten(2).transpose(1, 2)  # (1, 64, 3)


def counted(network):
    return trace(network, torch.randn(1, 3, 8, 8))


@pytest.mark.parametrize(
    ("network", "macs"),
    [
        # four gates of 5 units read 3 inputs and 5 units at each of 64 steps
        (Of(lambda x, m: m(rows(x))[0], nn.LSTM(3, 5, batch_first=True)), 64 * 4 * 5 * (3 + 5)),
        (Of(lambda x, m: m(rows(x))[0], nn.LSTM(3, 5, batch_first=True, bidirectional=True)), 2 * 64 * 4 * 5 * 8),
        (Of(lambda x, m: m(rows(x))[0], nn.LSTM(3, 5, num_layers=2, batch_first=True)), 64 * 4 * 5 * (8 + 10)),
        # step by step, PyTorch shows that the first state is a constant, whose products cost nothing
        (Of(lambda x, m: m(rows(x))[0], nn.GRU(3, 5, batch_first=True)), 64 * 3 * 5 * (3 + 5) - 3 * 25),
        (Of(lambda x, m: m(rows(x))[0], nn.RNN(3, 5, batch_first=True)), 64 * 5 * (3 + 5) - 25),
        (Of(lambda x, m: m(x.mean((2, 3)))[0], nn.LSTMCell(3, 5)), 4 * 5 * 3),
        (Of(lambda x, m: m(x.mean((2, 3)), x.amax((2, 3))), nn.Bilinear(3, 3, 5)), 5 * 9 + 9),
        (
            Of(
                lambda x, m, o: m(x, o(x)),
                torchvision.ops.DeformConv2d(3, 4, 3, padding=1),
                nn.Conv2d(3, 18, 3, padding=1),
            ),
            64 * 27 * (4 + 18),
        ),
        (Of(lambda x: torch.dot(x.flatten(), x.flatten())), 192),
        (Of(lambda x: functional.interpolate(x, scale_factor=2, mode="bilinear")), 0),
        (Of(lambda x, m: m(x), nn.ConvTranspose2d(3, 6, 3, bias=False)), 64 * 3 * 6 * 9),
    ],
)
def test_every_kind_of_layer_is_counted(network, macs):
    assert (counted(network).macs, counted(network).macs_unknown) == (macs, ())


def test_what_cannot_be_counted_is_named():
    network = Of(lambda x: torch.cdist(rows(x), rows(x)) + torch.fft.fft2(x).real.sum())
    unknown = counted(network).macs_unknown
    assert any(name.startswith("_fft") for name in unknown) and any("dist" in name for name in unknown)
    assert api.footprint(nn.Sequential(network, nn.Flatten()), torch.zeros(1, 3, 8, 8)).macs_unknown


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v3_small", "convnext_tiny", "vit_b_16", "swin_t", "googlenet"])
def test_nothing_of_usual_networks_is_unknown(name):
    network = torchvision.models.get_model(name, weights=None)
    assert trace(network, torch.zeros(1, 3, 224, 224)).macs_unknown == ()


@pytest.mark.slow
def test_parameters_are_counted_as_papers_count_them():
    network = torchvision.models.vit_b_16(weights=None)
    assert api.footprint(network, torch.zeros(1, 3, 224, 224)).parameters == 86_567_656
