from __future__ import annotations

from types import SimpleNamespace

import pytest
import safetensors.torch
import torch

from bench.errors import InputError
from bench.runner.cells import _networks

SPEC = {"model": "resnet8", "seed": 0}
IMAGES = SimpleNamespace(channels=1, classes=("a", "b"), size=8)


def test_a_trained_network_is_what_was_saved():
    state = {name: torch.ones_like(tensor) for name, tensor in _networks.fresh(SPEC, IMAGES).state_dict().items()}
    found = _networks.trained(SPEC, IMAGES, {"network.safetensors": safetensors.torch.save(state)})
    assert not found.training
    assert all((tensor == 1).all() for tensor in found.state_dict().values())


def test_one_that_lacks_a_tensor_is_refused_and_not_left_half_random():
    state = dict(_networks.fresh(SPEC, IMAGES).state_dict())
    name = next(iter(state))
    del state[name]
    with pytest.raises(InputError, match=f"does not fit resnet8: 1 missing .{name}"):
        _networks.trained(SPEC, IMAGES, {"network.safetensors": safetensors.torch.save(state)})
