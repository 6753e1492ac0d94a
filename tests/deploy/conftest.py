"""Packed files of a small network that looks trained, by method."""

from functools import cache

import pytest
import safetensors.torch
import torch

from bench.compress.variant import parse
from bench.compress.without_data import WithoutData
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish
from bench.footprint.packed import pack, unpack
from tests.footprint.conftest import lived_in

QUICK = {name: f"{name}:steps=3" for name in ("adaround", "brecq")}  # not for minutes
ABOUT = {"name": "resnet8", "channels": 1, "classes": 10, "size": 8}


class Packed:
    """A network under a method, as a file, with what it answers."""

    def __init__(self, label, about):
        workbench = WithoutData(about["name"], about["channels"], about["classes"], about["size"])
        network = lived_in(workbench.fresh())
        with torch.no_grad():  # before training it is so small that pruning would take it first
            network.fc.weight.mul_(20)
            network.fc.bias.uniform_(-1, 1, generator=torch.Generator().manual_seed(0))
        elsewhere = safetensors.torch.save(network.state_dict())
        workbench.file = lambda _: ("elsewhere.safetensors", elsewhere)
        start = Compressed(network, example=workbench.example)
        self.fresh = workbench.fresh
        self.file = pack(finish(parse(QUICK.get(label, label)).apply(start, workbench)), about)
        size = about["size"]
        self.images = torch.randn(33, about["channels"], size, size, generator=torch.Generator().manual_seed(1))
        with torch.no_grad():
            self.logits = unpack(self.file, self.fresh())(self.images)
        assert self.logits.std(0).max() > 0.01 * self.logits.abs().max()


@cache
def _packed(label, name):
    return Packed(label, {**ABOUT, "name": name})


@pytest.fixture(scope="session")
def packed():
    """By label of a method, and by name of a network of the zoo."""
    return lambda label, name="resnet8": _packed(label, name)
