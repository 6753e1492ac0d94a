import numpy as np
import pytest
import torch

from bench.compress.methods.lsq import Lsq
from bench.compress.methods.lsq_plus import LsqPlus
from bench.compress.methods.magnitude import Magnitude
from tests.compress.methods.quantising import formula, payload


@pytest.mark.parametrize("bits", [2, 4])
def test_a_step_and_an_offset_are_stored_for_each_input(bits, compressed, workbench, through_a_file):
    result = LsqPlus(bits)(compressed, workbench)
    network = through_a_file(result)
    assert result.activation_bits == bits
    inner = [result.representations[f"block.conv{number}.weight"] for number in (1, 2)]
    # of two bits' four codes it may use three, which take a byte for five weights
    fewer = [one for one in inner if bits == 2 and len(np.unique(one.codes)) < 4]
    spared = len(fewer) * (8 * 8 * 9 * 2 // 8 - -(-8 * 8 * 9 // 5))
    assert payload(result) == formula(bits, 8, per_input=2, inputs=4) - spared
    quantizer = network.block.conv2.input_quantizer
    assert (quantizer.lowest, quantizer.highest) == (0, 2**bits - 1)
    assert network.conv.input_quantizer.offset < -1  # the image is negative too
    assert network.conv.input_quantizer.highest == 255


def test_steps_of_weights_start_at_their_spread(compressed, workbench):
    workbench.finetune = lambda network, **_: network.eval() and ()
    result = LsqPlus(activation_bits=32)(compressed, workbench)
    assert not any(step["kind"] == "quantized-inputs" for step in result.structure)
    for name, bits in {"conv.weight": 8, "block.conv1.weight": 4, "fc.weight": 8}.items():
        weight = compressed.network.get_parameter(name)
        mean, deviation = weight.mean(), weight.std()
        expected = max(abs(mean - 3 * deviation), abs(mean + 3 * deviation)) / 2 ** (bits - 1)
        assert result.representations[name].scale.item() == pytest.approx(expected.item(), rel=1e-5)


def test_without_inputs_it_takes_as_many_bytes_as_lsq(compressed, workbench):
    assert payload(LsqPlus(3, activation_bits=32)(compressed, workbench)) == payload(Lsq(3)(compressed, workbench))


def test_pruned_weights_stay_zero(compressed, workbench, through_a_file):
    pruned = Magnitude(0.8)(compressed, workbench)
    network = through_a_file(LsqPlus()(pruned, workbench))
    for name, mask in pruned.masks.items():
        assert not network.get_parameter(name)[~mask].any()


def test_offsets_are_trained(compressed, workbench):
    def offsets():
        network = LsqPlus()(compressed, workbench).network
        return torch.cat([module.offset for module in network.modules() if hasattr(module, "offset")])

    trained = offsets()
    workbench.finetune = lambda network, **_: network.eval() and ()
    assert len(trained) == 4
    assert (trained != offsets()).sum() >= 2
