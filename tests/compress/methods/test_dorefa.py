import numpy as np
import pytest
import torch
from torch import nn

from bench.compress.method import NotApplicable
from bench.compress.methods.dorefa import Dorefa
from bench.compress.methods.magnitude import Magnitude
from bench.footprint.compressed import Compressed
from bench.footprint.representation import OddInteger
from tests.compress.methods.quantising import formula, payload

INNER = {"block.conv1.weight", "block.conv2.weight"}


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_odd_multiples_of_a_unit_come_back_from_the_file(bits, compressed, workbench, through_a_file):
    result = Dorefa(bits)(compressed, workbench)
    through_a_file(result)
    assert result.representations.keys() == INNER
    for stored in result.representations.values():
        assert isinstance(stored, OddInteger)
        levels = 2**bits - 1
        unit = np.abs(stored.decode()).min() if bits == 1 else 1 / levels
        odd = np.round(stored.decode() / unit)
        np.testing.assert_allclose(stored.decode(), odd * unit, atol=1e-6)
        assert set(np.abs(odd).ravel()) <= set(range(1, levels + 1, 2))
    assert payload(result) == formula(bits, 32)


def test_inputs_are_clipped_to_one_and_cost_nothing(compressed, workbench, through_a_file):
    result = Dorefa(2, activation_bits=2)(compressed, workbench)
    network = through_a_file(result)
    seen = []
    for layer in (network.block.conv1, network.block.conv2):
        layer.input_quantizer.register_forward_hook(lambda module, inputs, output: seen.append(output))
    network(next(workbench.batches(16))[0])
    for values in seen:
        assert values.unique().tolist() == pytest.approx([0, 1 / 3, 2 / 3, 1])
    assert result.activation_bits == 2
    assert payload(result) == formula(2, 32)


def test_the_first_and_the_last_layer_may_have_8_bits(compressed, workbench, through_a_file):
    result = Dorefa(2, outer_bits=8, activation_bits=2)(compressed, workbench)
    through_a_file(result)
    assert payload(result) == formula(2, 8, per_input=1, inputs=2)
    assert Dorefa(2).printed_title == "DoReFa, float32 ends"
    assert Dorefa(2, outer_bits=8).printed_title == "DoReFa, 8-bit ends"


def test_pruned_weights_are_refused_and_those_of_the_ends_stay_zero(compressed, workbench):
    with pytest.raises(NotApplicable, match=r"block\.conv1\.weight is pruned, and DoReFa's grid has no value for zero"):
        Dorefa()(Magnitude(0.5)(compressed, workbench), workbench)
    mask = torch.ones(4, 8, dtype=torch.bool)
    mask[:, :4] = False
    result = Dorefa()(compressed.but(masks={"fc.weight": mask}), workbench)
    assert not result.network.fc.weight[~mask].any()


def test_negative_inputs_are_refused(workbench):
    network = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.SiLU(), nn.Conv2d(4, 4, 3), nn.Flatten(), nn.Linear(64, 4)
    ).eval()
    start = Compressed(network, example=workbench.example)
    with pytest.raises(NotApplicable, match="3 reads negative numbers"):
        Dorefa(activation_bits=4)(start, workbench)
    Dorefa()(start, workbench)


def test_the_network_given_stays(compressed, workbench):
    before = {name: tensor.clone() for name, tensor in compressed.network.state_dict().items()}
    Dorefa(activation_bits=4)(compressed, workbench)
    assert all(torch.equal(before[name], tensor) for name, tensor in compressed.network.state_dict().items())
    assert type(compressed.network.block.conv1) is nn.Conv2d
