"""What the tests of methods share that train quantised weights: a network's payload, counted by hand."""

import numpy as np

from bench.compress.methods.magnitude import Magnitude
from bench.footprint.fold import finish
from bench.footprint.packed import pack, sizes

OUTER = 3 * 8 * 9 + 8 * 4  # weights of the first and the last layer of `Tiny`
INNER = 2 * 8 * 8 * 9
NUMBERS = 3 * 8 + 4  # biases, of which folding gives each convolution one per filter


def payload(result):
    return sizes(pack(finish(result), {})).payload_bytes


def formula(bits, outer_bits, *, steps=None, per_input=0, inputs=0):
    """Bytes of `Tiny`: folding multiplies a step by a factor for each filter; the last layer keeps its one.

    Args:
        steps: numbers beside the codes, default one per filter.
        per_input: numbers that are stored with each quantised input.
    """
    scales = 2 * 8 if steps is None else steps
    if outer_bits < 32:
        scales += 8 + 1
    return (INNER * bits + OUTER * outer_bits) // 8 + 4 * (scales + NUMBERS + per_input * inputs)


def check_three_values(method, kind, compressed, workbench, through_a_file):
    """A ternary method leaves the first and the last layer, and the others come back with three values."""
    result = method()(compressed, workbench)
    through_a_file(result)
    assert result.representations.keys() == {"block.conv1.weight", "block.conv2.weight"}
    for stored in result.representations.values():
        assert isinstance(stored, kind)
        assert len(np.unique(stored.decode())) == 3
        assert stored.geometry.width == 2


def check_zeros_stay(method, compressed, workbench, through_a_file):
    """Weights that were pruned before are zero afterwards."""
    pruned = Magnitude(0.8)(compressed, workbench)
    network = through_a_file(method()(pruned, workbench))
    for name, mask in pruned.masks.items():
        assert not network.get_parameter(name)[~mask].any()


def check_learned_ends_and_inputs(method, compressed, workbench, through_a_file):
    """The ends may have 8 bits, and inputs of layers learned steps."""
    result = method(outer_bits=8, activation_bits=4)(compressed, workbench)
    network = through_a_file(result)
    assert result.activation_bits == 4
    bits = {name: stored.geometry.width for name, stored in result.representations.items()}
    assert bits == {"conv.weight": 8, "block.conv1.weight": 2, "block.conv2.weight": 2, "fc.weight": 8}
    highest = [network.get_submodule(name).input_quantizer.highest for name in ("conv", "block.conv1", "fc")]
    assert highest == [127, 15, 255]
