"""Masks beside the weights count; what is none of the network's weights is refused."""

import pytest
import torch
from torch import nn

from bench.compress.imports import masks, networks
from bench.errors import InputError
from tests.compress.imports.conftest import saved, trained, weights


def halves(network):
    return {name: (weight.abs() > weight.abs().median()).float() for name, weight in weights(network).items()}


def read(content, example):
    return networks.read(("m.pt", saved(content)), None, trained(7), example)


@pytest.mark.parametrize(
    "content",
    [
        lambda state, kept: {"state_dict": state, "masks": {f"{name}.weight": mask for name, mask in kept.items()}},
        lambda state, kept: {"net": state, "mask_dict": {f"module.{name}": mask.bool() for name, mask in kept.items()}},
        lambda state, kept: {"model": state, "extra": {"mask": {f"{name}.weight_mask": m for name, m in kept.items()}}},
        lambda state, kept: {**state, **{f"{name}.weight_mask": mask for name, mask in kept.items()}},
        lambda state, kept: {"net": {**state, **{f"{name}.mask": mask for name, mask in kept.items()}}},
    ],
)
def test_masks_beside_the_weights_are_applied(content, example):
    network = trained()
    kept = halves(network)
    imported = read(content(network.state_dict(), kept), example)
    for name, weight in weights(network).items():
        assert torch.equal(weights(imported.network)[name], weight * kept[name])
    assert set(imported.masks) == {f"{name}.weight" for name in kept}


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"fc.weight": torch.ones(3)}, "a mask of fc.weight, which fits no weight"),
        ({"nowhere.weight": torch.ones(3)}, "a mask of nowhere.weight, which fits no weight"),
        ({"fc.weight": torch.full((10, 64), 0.5)}, "other numbers than 0 and 1"),
        ([torch.ones(10, 64)], "a mask of 0, which fits no weight"),
    ],
)
def test_masks_that_fit_no_weight_are_told(table, words, example):
    with pytest.raises(InputError, match=words):
        read({"state_dict": trained().state_dict(), "masks": table}, example)


def test_settings_that_are_called_masks_are_none(example):
    network = trained()
    imported = read({"net": network.state_dict(), "mask_settings": {"kind": "l1", "share": 0.9}, "masks": []}, example)
    assert torch.equal(imported.network.fc.weight, network.fc.weight)


def test_a_mask_of_the_networks_own_is_none():
    layer = nn.Linear(2, 2, bias=False)
    layer.register_buffer("mask", torch.ones(2, 2))
    content = layer.state_dict()
    assert masks.split(content, layer) == (content, {})
