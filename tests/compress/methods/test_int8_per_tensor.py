import numpy as np
import pytest

from bench.compress.methods.int8_per_tensor import Int8PerTensor
from bench.compress.methods.magnitude import Magnitude
from bench.compress.pruning.masking import prunable
from bench.footprint.packed import pack, sizes


@pytest.mark.parametrize("symmetric", [True, False])
def test_a_byte_a_weight_and_one_step_a_tensor(symmetric, compressed, workbench, through_a_file):
    result = Int8PerTensor(symmetric)(compressed, workbench)
    through_a_file(result)
    weights = prunable(result.network)
    biases = sum(weight.shape[0] for weight in weights.values())  # batch normalisation is folded into them
    side = 4 if symmetric else 5  # bytes: a step, and the code of zero
    expected = sum(weight.numel() + side for weight in weights.values()) + 4 * biases
    assert sizes(pack(result, {})).payload_bytes == expected


def test_normalisation_is_folded_before_the_steps_are_found(compressed, workbench):
    from bench.footprint.fold import finish

    folded = finish(compressed).network
    result = Int8PerTensor()(compressed, workbench)
    for name, weight in prunable(folded).items():
        largest = float(weight.detach().abs().max())
        np.testing.assert_allclose(result.representations[name].scale, largest / 127, rtol=1e-6)


@pytest.mark.parametrize("symmetric", [True, False])
def test_pruned_weights_stay_zero(symmetric, compressed, workbench, through_a_file):
    pruned = Magnitude(0.8)(compressed, workbench)
    result = Int8PerTensor(symmetric)(pruned, workbench)
    network = through_a_file(result)
    for name, mask in pruned.masks.items():
        assert not network.get_parameter(name)[~mask].any()
