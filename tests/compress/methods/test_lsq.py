import pytest
import torch
from torch import nn

from bench.compress.methods.k_bit import KBit
from bench.compress.methods.lsq import Lsq
from bench.compress.methods.magnitude import Magnitude
from bench.compress.pruning.masking import prunable
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish
from bench.footprint.packed import pack, sizes, unpack
from tests.compress.methods.quantising import formula, payload


@pytest.mark.parametrize("bits", [2, 4])
@pytest.mark.parametrize("per_channel", [True, False])
def test_the_integers_are_stored_and_come_back(bits, per_channel, compressed, workbench, through_a_file):
    result = Lsq(bits, per_channel=per_channel)(compressed, workbench)
    through_a_file(result)
    widths = {name: stored.bits for name, stored in result.representations.items()}
    inner = {"block.conv1.weight": bits, "block.conv2.weight": bits}
    assert widths == {"conv.weight": 8, **inner, "fc.weight": 8}
    assert workbench.finetuned == 1
    for name, stored in result.representations.items():
        assert torch.equal(torch.from_numpy(stored.decode()), result.network.get_parameter(name))
        assert stored.scale.size == (len(stored.codes) if per_channel else 1)


def test_steps_are_trained(compressed, workbench):
    trained = Lsq(4)(compressed, workbench)
    workbench.finetune = lambda network, **_: network.eval() and ()
    untrained = Lsq(4)(compressed, workbench)
    for name, stored in trained.representations.items():
        assert stored.scale != untrained.representations[name].scale


def test_its_payload_is_that_of_integers_of_as_many_bits(compressed, workbench):
    learned, rounded = (finish(method(compressed, workbench)) for method in (Lsq(4, outer_bits=4), KBit(4)))
    bits = {
        name: rounded.representations[name].dense_bits - stored.dense_bits
        for name, stored in learned.representations.items()
    }
    # the last layer has no normalisation to fold: one step for it, and not one for each of 4 filters
    assert bits == {"conv.weight": 0, "block.conv1.weight": 0, "block.conv2.weight": 0, "fc.weight": 32 * 3}
    payloads = [sizes(pack(one, {})).payload_bytes for one in (learned, rounded)]
    assert payloads[0] <= payloads[1]


def test_the_first_and_the_last_layer_may_stay(compressed, workbench):
    result = Lsq(2, outer_bits=32)(compressed, workbench)
    assert result.representations.keys() == {"block.conv1.weight", "block.conv2.weight"}


def test_pruned_weights_stay_zero(compressed, workbench, through_a_file):
    pruned = Magnitude(0.8)(compressed, workbench)
    network = through_a_file(Lsq(4)(pruned, workbench))
    for name, mask in pruned.masks.items():
        assert not network.get_parameter(name)[~mask].any()


def test_no_parametrisation_is_left_and_the_network_given_stays(compressed, workbench):
    before = {name: tensor.clone() for name, tensor in compressed.network.state_dict().items()}
    result = Lsq()(compressed, workbench)
    assert result.network.state_dict().keys() == before.keys()
    assert prunable(result.network).keys() == prunable(compressed.network).keys()
    assert all(torch.equal(before[name], tensor) for name, tensor in compressed.network.state_dict().items())


@pytest.mark.parametrize("bits", [2, 8])
def test_inputs_have_a_learned_step_for_each_layer(bits, compressed, workbench, through_a_file):
    result = Lsq(4, activation_bits=bits)(compressed, workbench)
    network = through_a_file(result)
    assert result.activation_bits == bits
    assert payload(result) == formula(4, 8, per_input=1, inputs=4)
    codes = {}
    for name in ("conv", "block.conv1", "block.conv2", "fc"):
        quantizer = network.get_submodule(name).input_quantizer
        quantizer.register_forward_hook(
            lambda module, inputs, output, name=name: codes.update({name: (output / module.step).unique()})
        )
    network(next(workbench.batches(64))[0])
    for name, of in codes.items():
        torch.testing.assert_close(of, of.round(), rtol=0, atol=1e-3)
        highest = 2**bits - 1 if name.startswith("block") else 255
        assert of.max() <= highest + 1e-3
        assert (of.min() < 0) == (name == "conv")  # the image is signed, the others follow a ReLU
        assert len(of) > 2


def test_inputs_change_nothing_else(compressed, workbench):
    plain, quantised = (finish(Lsq(4, activation_bits=bits)(compressed, workbench)) for bits in (32, 8))
    assert payload(quantised) - payload(plain) == 4 * 4
    workbench.finetune = lambda network, **_: network.eval() and ()
    images = next(workbench.batches(64))[0]
    outputs = {}
    for bits in (32, 8, 2):
        method = Lsq(4, outer_bits=32, activation_bits=bits)
        outputs[bits] = method(compressed, workbench).network(images).detach()
    expected, nearest, coarse = outputs.values()
    assert (nearest - expected).abs().mean() < 0.3 * (coarse - expected).abs().mean()


def test_no_input_of_a_layer_that_stays_is_rounded(compressed, workbench, through_a_file):
    network = through_a_file(Lsq(2, outer_bits=32, activation_bits=4)(compressed, workbench))
    rounded = {name for name, module in network.named_modules() if hasattr(module, "input_quantizer")}
    assert rounded == {"block.conv1", "block.conv2"}


def test_pruned_weights_stay_zero_beside_quantised_inputs(compressed, workbench, through_a_file):
    pruned = Magnitude(0.8)(compressed, workbench)
    network = through_a_file(Lsq(4, activation_bits=4)(pruned, workbench))
    for name, mask in pruned.masks.items():
        assert not network.get_parameter(name)[~mask].any()


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second, self.third = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3), nn.Conv2d(4, 4, 3)
        self.third.weight = self.second.weight
        self.fc = nn.Linear(16, 4)

    def forward(self, x):
        return self.fc(self.third(self.second(self.first(x).relu()).relu()).flatten(1))


def test_layers_that_share_a_weight_are_trained_and_read_alike(workbench):
    seen = []

    def finetune(network, **_):
        seen.extend([network.second.weight, network.third.weight])
        assert network.second.parametrizations.weight.original is network.third.parametrizations.weight.original
        network.eval()
        return ()

    workbench.finetune = finetune
    result = Lsq(2, activation_bits=4)(Compressed(Tied().eval(), example=workbench.example), workbench)
    assert torch.equal(*seen) and len(seen[0].unique()) <= 4
    network = result.network
    assert network.second.weight is network.third.weight
    assert torch.equal(network.second.weight, seen[0])
    assert hasattr(network.second, "input_quantizer") and hasattr(network.third, "input_quantizer")
    read = unpack(pack(result, {}), Tied())
    images = next(workbench.batches(4))[0]
    assert torch.equal(read(images), network(images))
