import numpy as np
import pytest
import torch

from bench.compress.method import NotApplicable
from bench.compress.methods.bfloat16 import Bfloat16
from bench.compress.methods.float16 import Float16
from bench.compress.methods.magnitude import Magnitude
from bench.compress.quantization import floats
from bench.footprint.fold import finish
from bench.footprint.packed import pack, sizes
from bench.footprint.representation import Float, Integer

TYPES = {"float16": torch.float16, "bfloat16": torch.bfloat16}


@pytest.mark.parametrize("dtype", TYPES)
def test_every_number_is_rounded_as_torch_rounds(compressed, dtype):
    folded = finish(compressed)
    result = floats.rounded(compressed, dtype)
    for name, tensor in folded.network.state_dict().items():
        if tensor.is_floating_point():
            expected = tensor.to(TYPES[dtype]).float()
            assert torch.equal(result.network.state_dict()[name], expected)
            assert result.representations[name].type == dtype
            np.testing.assert_array_equal(result.representations[name].decode(), expected.numpy())
        else:
            assert name not in result.representations


def test_ties_go_to_even_and_the_given_network_stays(compressed):
    with torch.no_grad():
        compressed.network.fc.bias.copy_(torch.tensor([1 + 2**-11, 1 + 3 * 2**-11, 65504.0, 0.0]))
    rounded = floats.rounded(compressed, "float16").network.fc.bias
    assert rounded.tolist() == [1.0, 1 + 2**-9, 65504.0, 0.0]
    assert compressed.network.fc.bias[0] == 1 + 2**-11


def test_a_number_beyond_half_precision_is_refused_by_name(compressed):
    with torch.no_grad():
        compressed.network.fc.bias[1] = -70000.0
    with pytest.raises(NotApplicable, match=r"fc\.bias holds 7e\+04.*float16"):
        floats.rounded(compressed, "float16")
    floats.rounded(compressed, "bfloat16")


def test_what_is_represented_otherwise_stays(compressed):
    codes = np.ones(tuple(compressed.network.fc.weight.shape), np.int8)
    integer = Integer(codes=codes, scale=np.array([0.1]), bits=2)
    with torch.no_grad():
        compressed.network.fc.weight.copy_(torch.from_numpy(integer.decode()))
    result = floats.rounded(compressed.but(representations={"fc.weight": integer}), "bfloat16")
    assert result.representations["fc.weight"] is integer
    assert torch.equal(result.network.fc.weight, compressed.network.fc.weight)


def test_a_narrower_number_is_rounded_once_only(compressed):
    first = floats.rounded(compressed, "bfloat16")
    second = floats.rounded(first, "float16")
    assert isinstance(second.representations["fc.weight"], Float)
    assert second.representations["fc.weight"].type == "bfloat16"


@pytest.mark.parametrize("method", [Float16, Bfloat16])
def test_half_the_bytes_and_the_same_network_from_the_file(method, compressed, workbench, through_a_file):
    result = method()(compressed, workbench)
    through_a_file(result)
    numbers = sum(tensor.numel() for tensor in result.network.state_dict().values())
    assert sizes(pack(result, {})).payload_bytes == 2 * numbers


@pytest.mark.parametrize("method", [Float16, Bfloat16])
def test_zeros_stay_zeros(method, compressed, workbench):
    pruned = Magnitude(0.8)(compressed, workbench)
    result = method()(pruned, workbench)
    for name, mask in pruned.masks.items():
        assert not result.network.get_parameter(name)[~mask].any()
