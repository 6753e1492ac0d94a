"""Whatever kind a file is of, the packed network's weights are the file's, and its answers too."""

import pytest
import safetensors.torch
import torch
from torch.nn.utils import prune

from bench.compress.imports import networks
from bench.compress.method import NotApplicable
from bench.compress.variant import parse
from bench.errors import InputError
from bench.footprint.fold import finish
from bench.footprint.packed import pack, sizes, unpack
from bench.zoo.networks import build
from tests.cli.test_import_pqf import published
from tests.compress.imports.conftest import rounded, saved, trained, weights


def packed(data, example, config=None, fresh=lambda: trained(7), name="net.pt"):
    return pack(finish(networks.read((name, data), config, fresh(), example)), {"name": "resnet8"})


def same_weights(network, other):
    return all(torch.equal(weight, weights(other)[name]) for name, weight in weights(network).items())


def count(network):
    return sum(weight.numel() for weight in weights(network).values())


@pytest.mark.parametrize("per_channel", [True, False])
def test_rounded_weights_take_their_bits(example, images, per_channel):
    network = rounded(trained(), per_channel=per_channel)
    file = packed(saved(network.state_dict()), example)
    read = unpack(file, trained(3))
    assert same_weights(network, read)
    assert torch.equal(read(images), network(images))
    others = 4 * sum(
        tensor.numel() for name, tensor in network.named_parameters() if "weight" not in name or "bn" in name
    )
    assert sizes(file).payload_bytes < count(network) / 2 + 4 * 300 + others


def test_pruned_weights_take_values_and_positions(example, images):
    network = trained()
    for module in network.modules():
        if isinstance(module, (torch.nn.Conv2d, torch.nn.Linear)):
            prune.l1_unstructured(module, "weight", 0.9)
    data = saved({"model": {f"module.{name}": tensor for name, tensor in network.state_dict().items()}})
    file = packed(data, example)
    read = unpack(file, trained(3))
    assert same_weights(network, read)
    assert torch.equal(read(images), network(images))
    assert sizes(file).payload_bytes < count(network) * (0.1 * 4 + 1 / 8) + 4 * 600


def test_float_weights_stay_as_they_are_bit_for_bit(example, images):
    network = trained()
    read = unpack(packed(safetensors.torch.save(network.state_dict()), example), trained(3))
    assert same_weights(network, read)
    assert torch.equal(read(images), network(images))


def test_a_packed_file_comes_back_byte_for_byte(example):
    file = packed(saved(rounded(trained()).state_dict()), example)
    assert packed(file, example) == file


def test_a_published_file_of_pqf_is_read(example):
    data = saved(published(build.build("resnet8", 3, 10, 16, 0), ["fc", "layer2.0.conv2"]))
    imported = networks.read(("net.pth", data), None, trained(7), example)
    assert set(imported.representations) == {"fc.weight", "layer2.0.conv2.weight"}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (lambda state: saved({**state, "fc.weight": torch.zeros(3, 3)}), "fc.weight is 3×3 instead of 10×64"),
        (lambda state: saved({f"{name}x": value for name, value in state.items()}), "missing"),
        (lambda state: saved({"epoch": 3}), "holds no weights"),
        (lambda state: saved({**state, "fc.bias": torch.full((10,), torch.nan)}), "fc.bias holds NaN"),
        (lambda state: saved({**state, "__nncf_hooks.pre_hooks.fc": torch.ones(1)}), "no configuration"),
        (lambda state: saved(trained()), "an object of"),
        (lambda state: b"INNARDS\x00" + bytes(99), "packed network"),
    ],
)
def test_what_does_not_fit_is_told(data, words, example):
    with pytest.raises(InputError, match=words):
        networks.read(("net.pt", data(trained().state_dict())), None, trained(7), example)


@pytest.mark.parametrize("config", [b"{", b"[]", b'{"a": 1}', b"[" * 100_000, b'{"compression_state": [3]}'])
def test_a_configuration_that_is_none_is_told(config, example):
    with pytest.raises(InputError, match=r"JSON|compression_state|no configuration"):
        networks.read(("net.pt", saved(trained().state_dict())), ("c.json", config), trained(7), example)


def two_four(seed=0):
    """A resnet8 of whose weights, but for the first layer's, two of every four inputs are left."""
    network = trained(seed)
    with torch.no_grad():
        for weight in weights(network).values():
            if weight.shape[1] % 4 == 0:
                rows = weight.unflatten(1, (-1, 4))
                rows.masked_fill_(rows.abs().argsort(2).argsort(2) < 2, 0.0)
    return network


def test_the_masks_of_a_packed_file_come_back(example):
    file = packed(saved(two_four().state_dict()), example)
    layouts = {layer.name: layer.layout for layer in sizes(file).layers}
    assert layouts["layer2.0.conv2.weight"] == "two-four"
    imported = networks.read(("net", file), None, trained(7), example)
    assert packed(file, example) == file
    assert {name for name, mask in imported.masks.items() if mask.float().mean() == 0.5} >= {"layer2.0.conv2.weight"}
    with pytest.raises(NotApplicable, match="pruned one by one"):
        parse("svd").apply(imported, None)


@pytest.mark.parametrize("where", ["packed", "masks"])
def test_a_survivor_that_is_zero_stays_in_its_pattern(where, example):
    network = two_four()
    kept = {f"{name}.weight": weight != 0 for name, weight in weights(network).items() if not weight.all()}
    weight = network.layer2[0].conv2.weight
    with torch.no_grad():
        weight[tuple(weight.nonzero()[5])] = 0
    imported = networks.read(("net", saved({"net": network.state_dict(), "masks": kept})), None, trained(7), example)
    file = pack(finish(imported), {"name": "resnet8"})
    if where == "packed":
        imported = networks.read(("net", file), None, trained(7), example)
        assert packed(file, example) == file
    else:
        assert torch.equal(imported.masks["layer2.0.conv2.weight"], kept["layer2.0.conv2.weight"])
    assert {layer.name: layer.layout for layer in sizes(file).layers}["layer2.0.conv2.weight"] == "two-four"
    assert imported.masks["layer2.0.conv2.weight"].sum() == weight.numel() / 2


@pytest.mark.parametrize("name", ["masks", "masks_best", "mask_epoch_90", "pruning_masks_final"])
def test_tables_of_zeros_and_ones_are_masks_whatever_follows_the_word(example, name):
    weights = trained().state_dict()
    pruned = next(key for key, tensor in weights.items() if tensor.ndim == 4)
    mask = (torch.arange(weights[pruned].numel()) % 2).reshape(weights[pruned].shape)
    file = ("net", saved({"state_dict": weights, name: {pruned: mask}}))
    imported = networks.read(file, None, trained(7), example)
    assert torch.equal(imported.network.get_parameter(pruned) == 0, mask == 0)


def test_a_network_that_is_called_after_masks_is_none(example):
    imported = networks.read(("net", saved({"mask_rcnn": trained().state_dict()})), None, trained(7), example)
    assert same_weights(trained(), imported.network)
