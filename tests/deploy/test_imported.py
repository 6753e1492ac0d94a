"""Networks that were compressed elsewhere leave as they came: in every format they answer as the network given."""

from copy import deepcopy
from dataclasses import dataclass
from functools import cache

from bench.nncf_runtime import hookable, nncf

import pytest
import torch
from torch import nn
from torch.nn.utils import prune
from torch.utils.data import DataLoader

from bench.api.load import load
from bench.compress.imports import networks
from bench.deploy import network as deployed
from bench.errors import InputError
from bench.footprint.fold import finish
from bench.footprint.packed import pack
from bench.zoo.networks import build
from tests.cli.test_import_pqf import published
from tests.compress.imports.conftest import rounded, saved, trained
from tests.deploy.test_formats import EXACT, LOADERS, ROUNDED, apart, export

ABOUT = {"name": "resnet8", "channels": 3, "classes": 10, "size": 16}
SAME = ("state-dict", "torch-export")  # PyTorch's own operations: the same numbers, bit for bit


@dataclass
class Imported:
    """A network from elsewhere, its packed file, and images with what it answers."""

    file: bytes
    images: torch.Tensor
    logits: torch.Tensor

    @staticmethod
    def fresh():
        return trained(3)


def from_lowest(network):
    """On a grid of 16 steps from each channel's lowest weight to its highest, none of them zero."""
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                axes = tuple(range(1, module.weight.ndim))
                low, high = (edge(module.weight, axes, keepdim=True) for edge in (torch.amin, torch.amax))
                module.weight.copy_(((module.weight - low) / (high - low) * 15).round() * (high - low) / 15 + low)
    return network


def sparse(network):
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            prune.remove(prune.l1_unstructured(module, "weight", 0.9), "weight")
    return network


def by_nncf(network):
    return nncf.quantize(hookable(network), nncf.Dataset(DataLoader(torch.randn(4, 3, 16, 16), 2))).eval()


NETWORKS = {
    "4 bits per channel": rounded,
    "4 bits per tensor": lambda network: rounded(network, per_channel=False),
    "tables per channel": from_lowest,
    "90% zeros": sparse,
    "floats": lambda network: network,
    "NNCF": by_nncf,
}


@cache
def imported(kind):
    images = torch.randn(9, 3, 16, 16, generator=torch.Generator().manual_seed(5))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = NETWORKS[kind](deepcopy(trained()))
    config = {"nncf_config": nncf.torch.get_config(network)} if kind == "NNCF" else {}
    data = saved({"net": network.state_dict(), **config})
    read = networks.read(("net.pt", data), None, trained(7), images[:1])
    with torch.no_grad():
        return Imported(pack(finish(read), ABOUT), images, network(images))


@pytest.mark.sampled("name")
@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("name", LOADERS)
def test_what_is_exported_answers_as_the_network_given(name, kind):
    given = imported(kind)
    try:
        exported = export(given, name)
    except InputError as refusal:
        assert (name, kind) == ("state-dict", "NNCF")
        assert "no place for the rounding of its feature maps" in str(refusal)
        return
    logits = LOADERS[name](exported, given)
    if name in SAME:
        assert torch.equal(logits, given.logits)
    assert apart(logits, given) <= (ROUNDED if kind == "NNCF" else EXACT)


@pytest.mark.parametrize("kind", NETWORKS)
def test_the_module_read_back_gives_the_same_logits(kind, tmp_path):
    given = imported(kind)
    (tmp_path / "net.innards").write_bytes(given.file)
    with torch.no_grad():
        assert torch.equal(load(tmp_path / "net.innards")(given.images), given.logits)


def test_a_published_file_of_pqf_leaves_as_it_came():
    images = torch.randn(5, 3, 16, 16, generator=torch.Generator().manual_seed(5))
    data = saved(published(build.build("resnet8", 3, 10, 16, 0), ["fc", "layer2.0.conv2"]))
    read = finish(networks.read(("net.pth", data), None, trained(7), images[:1]))
    with torch.no_grad():
        given = Imported(pack(read, ABOUT), images, read.network(images))
        assert torch.equal(deployed.read(given.file).network(images), given.logits)
        assert torch.equal(LOADERS["state-dict"](export(given, "state-dict"), given), given.logits)
