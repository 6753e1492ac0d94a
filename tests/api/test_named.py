"""Networks by name in the library."""

from __future__ import annotations

import pytest
import torch

from bench import api
from bench.errors import InputError


def test_a_network_of_the_zoo_with_weights_of_a_file(tmp_path):
    first = api.network("resnet8", channels=1, classes=10, size=8, seed=1)
    torch.save(first.state_dict(), tmp_path / "w.pt")
    again = api.network("resnet8", channels=1, weights=tmp_path / "w.pt", size=8)
    image = torch.ones(1, 1, 8, 8)
    assert torch.equal(again(image), first(image))


def test_a_network_of_timm_with_weights_of_a_file(tmp_path):
    timm = pytest.importorskip("timm")
    torch.save(timm.create_model("resnet10t").state_dict(), tmp_path / "w.pt")
    assert api.network("timm:resnet10t", classes=4, size=32, weights=tmp_path / "w.pt").fc.out_features == 4
    assert api.preprocessing("timm:resnet10t").size == 176
    with pytest.raises(InputError, match=r"nowhere.pt' cannot be read"):
        api.network("timm:resnet10t", weights="nowhere.pt")


def test_what_has_no_preprocessing_is_refused():
    with pytest.raises(InputError, match="no network of timm"):
        api.preprocessing("resnet8")


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"name": 3}, "network: expected a name, not 3"),
        ({"classes": 0}, "classes: expected a whole number from 1, not 0"),
        ({"size": True}, "size: expected a whole number from 1, not True"),
        ({"channels": 1.0}, "channels: expected a whole number from 1, not 1.0"),
        ({"seed": -1}, "seed: expected a whole number from 0, not -1"),
        ({"seed": 2**64}, "seed: expected a whole number from 0, not one of more than 63 bits"),
    ],
)
def test_mistakes_of_type_are_named(settings, sentence):
    with pytest.raises(InputError, match=sentence):
        api.network(**{"name": "resnet8", **settings})


@pytest.mark.parametrize("path", [None, b"network.innards", 3])
def test_a_packed_file_has_a_path(path):
    with pytest.raises(InputError, match="load: expected the path of a packed file"):
        api.load(path)
