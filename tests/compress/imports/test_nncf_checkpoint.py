"""A checkpoint of NNCF answers as NNCF's own network does, to the bit, and no other class is built."""

import json
from copy import deepcopy

from bench.nncf_runtime import hookable, nncf

import pytest
import torch
from nncf.parameters import PruneMode
from nncf.torch.function_hook import get_hook_storage
from torch.utils.data import DataLoader

from bench.compress.imports import networks
from bench.errors import InputError
from bench.footprint.fold import finish
from bench.footprint.packed import pack, sizes, unpack
from tests.compress.imports.conftest import saved, trained


def quantized(network):
    return nncf.quantize(network, nncf.Dataset(DataLoader(torch.randn(4, 3, 16, 16), 2))).eval()


def pruned(mode, ratio=0.9):
    return lambda network: nncf.prune(network, mode=mode, ratio=ratio, examples_inputs=torch.zeros(1, 3, 16, 16)).eval()


def of_4_bits(network):
    network = quantized(network)
    for name, hook in get_hook_storage(network).named_hooks():
        if name.startswith("pre_hooks") and "__1" in name:
            hook.num_bits = 4
            hook.set_levels()
    return network


MADE = {
    "quantised": quantized,
    "4 bits": of_4_bits,
    "pruned, then quantised": lambda network: quantized(pruned(PruneMode.UNSTRUCTURED_MAGNITUDE_LOCAL)(network)),
    "pruned": pruned(PruneMode.UNSTRUCTURED_MAGNITUDE_GLOBAL),
    "learned masks": pruned(PruneMode.UNSTRUCTURED_REGULARIZATION_BASED, None),
}
BYTES = {"quantised": 1.05, "4 bits": 0.55, "pruned, then quantised": 0.3, "pruned": 0.55, "learned masks": 4.05}


@pytest.mark.sampled("kind")
@pytest.mark.parametrize("kind", MADE)
@pytest.mark.parametrize("beside", [True, False])
def test_answers_are_those_of_nncf(kind, beside, example, images):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = MADE[kind](hookable(deepcopy(trained())))
    config = nncf.torch.get_config(network)
    data = saved({"state_dict": network.state_dict(), **({} if beside else {"nncf_config": config})})
    given = ("config.json", json.dumps(config).encode()) if beside else None
    file = pack(finish(networks.read(("q.pt", data), given, trained(7), example)), {"name": "resnet8"})
    read = unpack(file, trained(3))
    torch.testing.assert_close(read(images), network(images), rtol=1e-5, atol=1e-5)
    parameters = sum(parameter.numel() for parameter in trained().parameters())
    assert sizes(file).payload_bytes < BYTES[kind] * parameters


@pytest.mark.parametrize(
    "spoil",
    [
        {"module_cls_name": "ScriptModule", "module_path": "torch.jit"},
        {"module_cls_name": "UnstructuredPruningMask", "module_path": "os"},
        {"module_config": {"num_bits": 8, "scale_shape": [10**9, 10**9]}},
        {"module_config": 3},
        {"hook_names_in_model": ["pre_hooks.nothing/conv2d/0__1.0"]},
    ],
)
def test_no_other_class_is_built(spoil, example):
    network = quantized(hookable(deepcopy(trained())))
    config = nncf.torch.get_config(network)
    config["compression_state"][0].update(spoil)
    data = saved({"state_dict": network.state_dict()})
    with pytest.raises(InputError, match=r"q\.pt"):
        networks.read(("q.pt", data), ("c.json", json.dumps(config).encode()), trained(7), example)
