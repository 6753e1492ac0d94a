import pytest
import torch

from bench.compress.method import NotApplicable
from bench.compress.methods.magnitude import Magnitude
from bench.compress.methods.pact import Pact
from bench.compress.variant import parse
from bench.errors import InputError
from bench.training.optimizer import decaying
from tests.compress.methods.quantising import formula, payload

LAYERS = ("block.conv1", "block.conv2")


def limits(network, bits):
    return [float(network.get_submodule(name).input_quantizer.step) * (2**bits - 1) for name in LAYERS]


@pytest.mark.parametrize("bits", [2, 4])
def test_both_weights_and_inputs_have_the_bits(bits, compressed, workbench, through_a_file):
    result = Pact(bits, limit=2.0)(compressed, workbench)
    network = through_a_file(result)
    assert result.activation_bits == bits
    assert payload(result) == formula(bits, 32, per_input=1, inputs=2)
    seen = []
    for name in LAYERS:
        quantizer = network.get_submodule(name).input_quantizer
        quantizer.register_forward_hook(lambda module, inputs, output: seen.append((output / module.step).unique()))
    network(next(workbench.batches(16))[0])
    for codes in seen:
        torch.testing.assert_close(codes, codes.round(), rtol=0, atol=1e-4)
        assert codes.min() >= 0 and 2 < codes.max() <= 2**bits - 1


def test_each_limit_is_trained_from_where_it_starts(compressed, workbench):
    trained = limits(Pact(limit=0.5)(compressed, workbench).network, 4)
    assert all(0.3 < limit < 0.7 and limit != pytest.approx(0.5, abs=1e-4) for limit in trained)
    workbench.finetune = lambda network, **_: network.eval() and ()
    assert limits(Pact(activation_bits=8)(compressed, workbench).network, 8) == pytest.approx([10, 10])


def test_limits_decay_with_the_weights(compressed, workbench):
    decayed = []

    def finetune(network, **_):
        chosen = {id(parameter) for parameter in decaying(network)}
        decayed.extend(name for name, parameter in network.named_parameters() if id(parameter) in chosen)
        network.eval()
        return ()

    workbench.finetune = finetune
    Pact()(compressed, workbench)
    inner = [
        f"{name}.{what}" for name in LAYERS for what in ("input_quantizer.limit", "parametrizations.weight.original")
    ]
    assert sorted(decayed) == sorted(["conv.weight", "fc.weight", *inner])


def test_pruned_weights_are_refused(compressed, workbench):
    with pytest.raises(NotApplicable, match="no value for zero"):
        Pact()(Magnitude(0.5)(compressed, workbench), workbench)


@pytest.mark.parametrize("setting", ["limit=0", "limit=-1", "bits=1", "activation_bits=32", "outer_bits=4"])
def test_other_settings_are_refused(setting):
    name, _, value = setting.partition("=")
    with pytest.raises(InputError, match=rf"setting '{name}'.*{value}"):
        parse(f"pact:{setting}").check()


@pytest.mark.parametrize("label", ["dorefa:bits=4,activation_bits=4", "pact:bits=4"])
def test_the_ends_inputs_start_on_the_network_that_was_given(label, compressed, workbench):
    workbench.finetune = lambda network, **_: network.eval() and ()
    steps = {}
    for name, module in parse(f"{label},outer_bits=8").apply(compressed, workbench).network.named_modules():
        if name in ("conv.input_quantizer", "fc.input_quantizer"):
            steps[name.partition(".")[0]] = float(module.step)
    read = {}
    for name in steps:
        layer = compressed.network.get_submodule(name)
        layer.register_forward_pre_hook(lambda _, inputs, name=name: read.update({name: inputs[0]}))
    compressed.network(next(workbench.batches(64))[0])
    highest = {"conv": 127, "fc": 255}  # the image has negative numbers
    expected = {name: float(2 * read[name].abs().mean() / highest[name] ** 0.5) for name in steps}
    assert steps == pytest.approx(expected, rel=1e-4)
