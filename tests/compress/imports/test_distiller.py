"""Distiller's masks and rounded weights count; what needs its modules is refused."""

import pytest
import torch

from bench.compress.imports import networks
from bench.errors import InputError
from tests.compress.imports.conftest import saved, trained, weights


def read(content, example):
    return networks.read(("d.pth.tar", saved(content)), None, trained(7), example)


def parallel(state):
    return {f"module.{name}": tensor for name, tensor in state.items()}


@pytest.mark.parametrize("wrap", [dict, parallel])
def test_masks_in_the_file_are_applied(wrap, example):
    network = trained()
    masks = {f"{name}.weight": (weight.abs() > 0.1).float() for name, weight in weights(network).items()}
    content = {
        "epoch": 3,
        "arch": "resnet8",
        "state_dict": wrap(network.state_dict()),
        "compression_sched": {"masks_dict": wrap({**masks, "bn1.weight": None})},
        "extras": {"best_top1": 80.0},
        "thinning_recipes": [],
    }
    imported = read(content, example)
    for name, weight in weights(network).items():
        assert torch.equal(weights(imported.network)[name], weight * masks[f"{name}.weight"])
    assert set(imported.masks) == set(masks)


def test_the_rounded_weight_counts_and_not_its_backup(example):
    state = trained().state_dict()
    state["conv1.float_weight"] = state["conv1.weight"] + 0.01
    imported = read({"state_dict": state, "quantizer_metadata": {"type": "dorefa", "params": {}}}, example)
    assert torch.equal(imported.network.conv1.weight, state["conv1.weight"])


STATE = trained().state_dict()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"state_dict": STATE, "thinning_recipes": [1]}, "thinned by recipes"),
        ({"state_dict": {"fc.wrapped_module.weight": STATE["fc.weight"]}, "quantizer_metadata": {}}, "after training"),
        (
            {"state_dict": STATE, "compression_sched": {"masks_dict": {"fc.weight": torch.ones(3)}}},
            "a mask of fc.weight",
        ),
        ({"state_dict": STATE, "compression_sched": {"masks_dict": {"fcc.weight": torch.ones(3)}}}, "a mask of fcc"),
        ({"state_dict": STATE, "compression_sched": {"masks_dict": [1]}}, "holds no masks"),
        ({"compression_sched": {}}, "without a state_dict"),
    ],
)
def test_what_needs_distiller_is_refused(content, words, example):
    with pytest.raises(InputError, match=words):
        read(content, example)
