import numpy as np
import pytest
import torch
from torch import nn

from bench import api
from bench.errors import InputError


def test_maximize_activation_finds_what_a_channel_likes():
    network = nn.Sequential(nn.Conv2d(3, 2, 1), nn.ReLU()).eval()
    network[0].weight.data = torch.tensor([[1.0, 0, -1], [-1, 0, 1]])[:, :, None, None]
    pixels = np.random.default_rng(0).integers(0, 256, size=(20, 3, 8, 8), dtype=np.uint8)
    settings = {"mean": [0.5] * 3, "std": [0.25] * 3, "steps": 40}
    red, blue = api.maximize_activation(network, "1", [0, 1], pixels, **settings).astype(float)
    assert red[0, 3:5, 3:5].mean() > red[2, 3:5, 3:5].mean() + 40
    assert blue[2, 3:5, 3:5].mean() > blue[0, 3:5, 3:5].mean() + 40


def test_maximize_activation_names_mistakes(make):
    pixels = np.zeros((4, 3, 8, 8), dtype=np.uint8)
    settings = {"mean": [0.5] * 3, "std": [0.25] * 3}
    with pytest.raises(InputError, match="did you mean '2'"):
        api.maximize_activation(make(), "12", [0], pixels, **settings)
    with pytest.raises(InputError, match="expected 0 to 7"):
        api.maximize_activation(make(), "2", [8], pixels, **settings)
    with pytest.raises(InputError, match="uint8 for this mean"):
        api.maximize_activation(make(), "2", [0], pixels.astype(float), **settings)
    with pytest.raises(InputError, match="feature maps"):
        api.maximize_activation(make(), "6", [0], pixels, **settings)
    for std in ([0.0] * 3, [np.nan] * 3, [-1.0] * 3):
        with pytest.raises(InputError, match="std above 0"):
            api.maximize_activation(make(), "2", [0], pixels, mean=[0.5] * 3, std=std)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"channels": [1.5]}, "channels: expected a whole number from 0, not 1.5"),
        ({"channels": [True]}, "channels: expected a whole number from 0, not True"),
        ({"channels": "01"}, "channels: expected a list of indices"),
        ({"channels": []}, "channels: expected a list of indices"),
        ({"steps": -1}, "steps: expected a whole number from 1, not -1"),
        ({"steps": 2.5}, "steps: expected a whole number from 1, not 2.5"),
        ({"mean": "abc"}, "mean: expected a list of numbers, not 'abc'"),
        ({"mean": 0.5}, "mean: expected a list of numbers, not 0.5"),
        ({"std": list("abc")}, "mean and std: expected numbers"),
        ({"channels": 3}, "channels: expected a list of indices, not 3"),
        ({"seed": 2**70}, "seed: expected a whole number from 0, not one of more than 63 bits"),
        ({"layer": 2}, "layer: expected a name, not 2"),
    ],
)
def test_maximize_activation_names_mistakes_of_type(settings, sentence, make):
    pixels = np.zeros((8, 3, 8, 8), np.uint8)
    given = {"layer": "2", "channels": [0], "mean": [0.5] * 3, "std": [0.2] * 3, **settings}
    with pytest.raises(InputError, match=sentence):
        api.maximize_activation(make(), given.pop("layer"), given.pop("channels"), pixels, **given)


def test_a_network_is_a_module_and_its_layer_puts_out_maps(make):
    class Mean(nn.Module):
        def forward(self, x):
            return x.mean((1, 2, 3))

    pixels = np.zeros((8, 3, 8, 8), np.uint8)
    settings = {"mean": [0.5] * 3, "std": [0.2] * 3, "steps": 1}
    with pytest.raises(InputError, match=r"layer '0' puts out \(1,\) for one image, expected feature maps"):
        api.maximize_activation(nn.Sequential(Mean()), "0", [0], pixels, **settings)
    for given in ("resnet18", {"a": 1}):
        with pytest.raises(InputError, match="expected a network"):
            api.maximize_activation(given, "0", [0], pixels, **settings)
    network, photographs = make(), np.random.default_rng(0).integers(0, 256, (8, 3, 8, 8), np.uint8)
    found = [
        api.maximize_activation(network, "2", [0], shown, **settings) for shown in (photographs, photographs[::-1])
    ]
    assert (found[1] == api.maximize_activation(network, "2", [0], photographs[::-1].copy(), **settings)).all()
    assert found[0].shape == (1, 3, 8, 8)


def test_pixels_are_an_array(make):
    with pytest.raises(InputError, match=r"expected a NumPy array .* not list"):
        api.maximize_activation(make(), "2", [0], [[1]], mean=[0.5] * 3, std=[0.2] * 3)
