from __future__ import annotations

import itertools
import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import prune

from bench.errors import InputError
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish
from bench.footprint.packed import pack, read_header, sizes, unpack
from bench.footprint.representation import Binary, Codebook, Float, Integer


def _linear(rows: int, columns: int, bias: bool = False) -> nn.Linear:
    return nn.utils.skip_init(nn.Linear, columns, rows, bias=bias)


def _holding(stored) -> Compressed:
    """A linear layer with this weight."""
    layer = _linear(*stored.shape)
    layer.weight.data = torch.from_numpy(np.array(stored.decode()))
    return Compressed(layer, representations={"weight": stored})


@pytest.fixture
def compressed(cifar_resnet, image) -> Compressed:
    """A finished network with tensors of every kind."""
    finished = finish(Compressed(cifar_resnet(), example=image))
    chosen = {}
    for index, (name, parameter) in enumerate(finished.network.named_parameters()):
        values = parameter.detach().numpy()
        if values.ndim < 2:
            continue
        scale = np.abs(values).reshape(len(values), -1).max(1) / 7
        codes = np.round(values / scale.reshape(-1, *[1] * (values.ndim - 1)))
        chosen[name] = (
            Float.rounded(values, "float16"),
            Float.rounded(values, "bfloat16"),
            Integer(codes, scale, 4),
            Binary(values >= 0, scale),
            Codebook(np.argsort(values.reshape(len(values), -1)) % 8, values.reshape(-1, 1)[:8], values.shape),
        )[index // 2 % 5]
        parameter.data = torch.from_numpy(np.array(chosen[name].decode()))
    return finished.but(representations=chosen)


@pytest.mark.parametrize("declared", [None, "float32", "float16"])
def test_zeros_that_a_mask_left_negative_are_not_paid_for(declared):
    layer = _linear(40, 50)
    layer.weight.data = torch.full((40, 50), -1.0)
    prune.remove(prune.random_unstructured(layer, "weight", 0.9), "weight")
    assert torch.signbit(layer.weight).all()
    values = layer.weight.detach().numpy()
    stored = {} if declared is None else {"weight": Float.rounded(values, declared)}
    packed = pack(Compressed(layer, representations=stored), {})
    kept = 200 * (2 if declared == "float16" else 4)
    assert kept < sizes(packed).payload_bytes <= kept + 40 * 50 // 8
    assert torch.equal(unpack(packed, _linear(40, 50)).weight, layer.weight)


def test_the_network_that_is_read_is_the_one_that_was_written(compressed, cifar_resnet):
    network = unpack(pack(compressed, {}), cifar_resnet())
    written = compressed.network.state_dict()
    assert network.state_dict().keys() == written.keys()
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, written[name]), name
    assert not network.training


@pytest.mark.parametrize("entropy", [False, True])
def test_the_payload_is_all_sections_and_nothing_else(compressed, entropy):
    data = pack(compressed.but(entropy_coding=entropy), {"name": "resnet8"})
    found = sizes(data)
    assert found.file_bytes == len(data)
    assert found.payload_bytes == sum(layer.payload_bytes for layer in found.layers)
    assert found.payload_bytes == sum(found.categories.values())
    assert all(layer.payload_bytes == sum(layer.bytes.values()) for layer in found.layers)
    assert [layer.name for layer in found.layers] == list(compressed.network.state_dict())


def test_entropy_coding_gives_the_same_network_in_fewer_bytes(cifar_resnet):
    network = cifar_resnet(width=8)
    chosen = {}
    for name, parameter in network.named_parameters():
        if parameter.ndim > 1:
            chosen[name] = Integer((parameter.detach() * 20).round().clamp(-8, 7).numpy(), np.ones(1), 8)
            parameter.data = torch.from_numpy(chosen[name].decode())
    plain = Compressed(network, representations=chosen)
    coded = plain.but(entropy_coding=True)
    assert sizes(pack(coded, {})).payload_bytes < sizes(pack(plain, {})).payload_bytes
    one, other = (unpack(pack(each, {}), cifar_resnet(width=8)).state_dict() for each in (plain, coded))
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize(
    ("stored", "payload"),
    [
        (Float(np.full((3, 5), 0.5, np.float32)), 60),
        (Float(np.full((3, 5), 0.5, np.float32), "float16"), 30),
        (Integer(np.ones((3, 5)), np.ones(3), 4), 12 + math.ceil(15 * 4 / 8)),
        (Integer(np.ones((3, 5)), np.ones(1), 3, np.zeros(1)), 4 + 1 + math.ceil(15 * 3 / 8)),
        (Binary(np.ones((3, 5), bool), np.ones(3, np.float32)), 12 + math.ceil(15 / 8)),
        (Binary(np.ones((3, 5), bool)), math.ceil(15 / 8)),
        (Codebook(np.ones((3, 5), int), np.ones((4, 2), np.float16), (3, 10)), 16 + math.ceil(15 * 2 / 8)),
        (
            Integer(np.eye(40, dtype=int), np.ones(1), 8),
            4 + math.ceil(40 * (8 + 6) / 8),
        ),  # 39 or 40 zeros: indices of 6 bits
        (Integer(np.zeros((40, 40)), np.ones(1), 8), 4),
    ],
)
def test_the_payload_is_the_formula_to_the_byte(stored, payload):
    assert sizes(pack(_holding(stored), {})).payload_bytes == payload


def test_categories(compressed):
    categories = sizes(pack(compressed, {})).categories
    assert set(categories) == {"weights", "biases", "scales", "codebooks"}
    assert categories["biases"] == 4 * (4 + 4 + 4 + 8 + 8 + 16 + 16 + 10)
    mixed = nn.Sequential(nn.Conv2d(3, 8, 3), nn.GroupNorm(2, 8), nn.BatchNorm2d(8))
    assert sizes(pack(Compressed(mixed), {})).categories == {"weights": 864, "biases": 32, "normalisation": 64 + 128}
    sparse = nn.Linear(64, 64, bias=False)
    sparse.weight.data = torch.eye(64)
    row = sizes(pack(Compressed(sparse), {})).layers[0]
    assert row.bytes == {"indices": 56, "weights": 256}  # a first index of 0 and 63 of 64, in 7 bits
    assert (row.layout, row.bits, row.sparsity) == ("relative-index", 32, 63 / 64)


def test_a_header_tells_what_is_inside(compressed):
    header = read_header(pack(compressed.but(activation_bits=8), {"name": "resnet8", "classes": 10}))
    assert header["model"] == {"name": "resnet8", "classes": 10}
    assert header["activation_bits"] == 8
    assert [step["kind"] for step in header["structure"]] == ["fold-batchnorm"]
    assert {tensor["kind"] for tensor in header["tensors"]} == {"float", "integer", "binary", "codebook"}
    json.dumps(header)


def test_the_same_network_gives_the_same_bytes(compressed):
    assert pack(compressed, {"name": "x"}) == pack(compressed, {"name": "x"})


def test_counters_of_training_steps_are_not_stored(live):
    network = live(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)))
    assert not any(
        "num_batches_tracked" in tensor["name"] for tensor in read_header(pack(Compressed(network), {}))["tensors"]
    )


def test_tied_tensors_are_stored_once():
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.other = nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False)
            self.other.weight = self.one.weight

    network = Tied()
    data = pack(Compressed(network), {})
    assert sizes(data).payload_bytes == 64
    assert torch.equal(unpack(data, Tied()).other.weight, network.one.weight)


def test_buffers_of_whole_numbers_come_back_in_their_type():
    class Indexed(nn.Module):
        def __init__(self, order: list[int]) -> None:
            super().__init__()
            self.register_buffer("order", torch.tensor(order))
            self.register_buffer("used", torch.tensor([value > 2 for value in order]))

    data = pack(Compressed(Indexed([3, -1, 7])), {})
    network = unpack(data, Indexed([0, 0, 0]))
    assert torch.equal(network.order, torch.tensor([3, -1, 7]))
    assert torch.equal(network.used, torch.tensor([True, False, True]))
    assert sizes(data).categories == {"indices": 2 + 1}


def test_half_precision_networks_come_back_in_their_type():
    network = nn.Linear(3, 3).half()
    assert torch.equal(unpack(pack(Compressed(network), {}), nn.Linear(3, 3).half()).weight, network.weight)


@settings(deadline=None, max_examples=80)
@given(
    shape=st.lists(st.integers(0, 4), min_size=2, max_size=4),
    bits=st.integers(1, 8),
    density=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    seed=st.integers(0, 1000),
    entropy=st.booleans(),
)
def test_any_shape_width_and_sparsity(shape, bits, density, seed, entropy):
    rng = np.random.default_rng(seed)
    codes = rng.integers(-(2 ** (bits - 1)), 2 ** (bits - 1), shape) * (rng.random(shape) < density)
    stored = Integer(codes, rng.uniform(0.1, 1, shape[0] or 1), bits, divide=bool(seed % 2))

    def fresh() -> nn.Module:
        module = nn.Module()
        module.register_parameter("weight", nn.Parameter(torch.zeros(shape)))
        return module

    network = fresh()
    network.weight.data = torch.from_numpy(stored.decode())
    data = pack(Compressed(network, representations={"weight": stored}, entropy_coding=entropy), {})
    assert unpack(data, fresh()).weight.detach().numpy().tobytes() == stored.decode().tobytes()


def test_a_representation_of_another_tensor_is_refused():
    layer = _linear(2, 2)
    with pytest.raises(ValueError, match="does not decode to the tensor"):
        pack(Compressed(layer, representations={"weight": Float(np.ones((2, 2), np.float32) * 3)}), {})
    with pytest.raises(ValueError, match="no tensors bias"):
        pack(Compressed(layer, representations={"bias": Float(np.ones(2, np.float32))}), {})


def test_doubles_are_refused():
    with pytest.raises(InputError, match=r"weight is torch.float64"):
        pack(Compressed(nn.Linear(2, 2).double()), {})


@pytest.mark.parametrize(
    ("fresh", "problem"),
    [
        (nn.Sequential(nn.Linear(4, 3)), r"0.weight is \(3, 5\), in the network \(3, 4\)"),
        (nn.Sequential(nn.Linear(5, 3), nn.Linear(3, 2)), "it lacks 1.weight; it lacks 1.bias"),
        (nn.Sequential(nn.Linear(5, 3, bias=False)), "it has 0.bias, which the network lacks"),
        (nn.Sequential(*[nn.Linear(5, 3)] * 9), r"it lacks 1.weight; .*\(and 13 more\)"),
    ],
)
def test_another_network_is_refused(fresh, problem):
    with pytest.raises(InputError, match=problem):
        unpack(pack(Compressed(nn.Sequential(nn.Linear(5, 3))), {}), fresh)


def test_a_step_that_does_not_fit_is_refused(compressed):
    with pytest.raises(InputError, match="the step 'fold-batchnorm' does not fit the network"):
        unpack(pack(compressed, {}), nn.Sequential(nn.Linear(5, 3)))


def test_whole_numbers_are_not_put_into_weights():
    class Whole(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("weight", torch.ones(2, 2, dtype=torch.int64))

    with pytest.raises(InputError, match=r"weight is torch.float32 in the network"):
        unpack(pack(Compressed(Whole()), {}), _linear(2, 2))


def test_layers_are_told_apart(compressed):
    for one, other in itertools.pairwise(sizes(pack(compressed, {})).layers):
        assert one.name != other.name
