import pytest
import torch

from bench.compress.methods.adaround import Adaround
from bench.compress.methods.brecq import Brecq
from bench.compress.methods.k_bit import KBit
from bench.compress.methods.magnitude import Magnitude
from bench.footprint.fold import finish
from bench.footprint.packed import pack, sizes
from bench.footprint.structure.quantized_inputs import InputGrid

QUICK = {"steps": 60, "learning_rate": 0.05, "images": 64}


@pytest.mark.parametrize("grid", [{}, {"per_channel": False}, {"symmetric": False}])
def test_the_payload_is_that_of_k_bit(grid, compressed, workbench, through_a_file):
    result = finish(Brecq(3, **grid, **QUICK | {"steps": 2})(compressed, workbench))
    rounded = finish(KBit(3, **grid)(compressed, workbench))
    through_a_file(result)
    mine, others = (sizes(pack(each, {})) for each in (result, rounded))
    assert [(layer.name, layer.layout) for layer in mine.layers] == [(each.name, each.layout) for each in others.layers]
    for layer, other in zip(mine.layers, others.layers, strict=True):
        if layer.layout == "dense":
            assert layer.payload_bytes == other.payload_bytes


def block_error(result, start, images):
    """Squared error of the block's outputs."""
    with torch.no_grad():
        stems = [network.relu(network.conv(images)) for network in (result.network, start.network)]
        found, expected = result.network.block(stems[0]), start.network.block(stems[1])
    return float((found - expected).square().mean())


def test_a_blocks_outputs_are_nearer_than_layer_by_layer_and_than_after_rounding(compressed, workbench):
    start, images = finish(compressed), next(workbench.batches(64))[0]
    errors = [
        block_error(method(compressed, workbench), start, images)
        for method in (Brecq(2, **QUICK), Adaround(2, **QUICK), KBit(2))
    ]
    assert errors == sorted(errors)
    assert errors[0] < 0.9 * errors[1] < 0.9 * errors[2]


def test_every_weight_goes_to_a_neighbour_within_the_grid(compressed, workbench):
    start, result = finish(compressed).network, Brecq(3, loss="fisher", qdrop=0.5, **QUICK)(compressed, workbench)
    for name, integer in result.representations.items():
        weight = start.get_parameter(name).detach()
        scaled = weight / torch.from_numpy(integer.scale).reshape(-1, *[1] * (weight.ndim - 1))
        codes = torch.from_numpy(integer.codes)
        assert ((codes == scaled.floor().clamp(-3, 3)) | (codes == scaled.ceil().clamp(-3, 3))).all()
        assert (codes != scaled.round().clamp(-3, 3)).any()


def test_pruned_weights_stay_zero_and_the_ends_are_wider(compressed, workbench, through_a_file):
    pruned = finish(Magnitude(0.6)(compressed, workbench))
    result = Brecq(4, ends=8, **QUICK | {"steps": 5})(pruned, workbench)
    network = through_a_file(result)
    assert {name: each.bits for name, each in result.representations.items()} == {
        "conv.weight": 8,
        "block.conv1.weight": 4,
        "block.conv2.weight": 4,
        "fc.weight": 8,
    }
    for name, mask in pruned.masks.items():
        assert not network.get_parameter(name)[~mask].any()


def test_the_same_settings_give_the_same_network_and_others_another(compressed, workbench):
    quick = QUICK | {"steps": 20, "batch_size": 8}

    def codes(**settings):
        result = Brecq(3, **quick | settings)(compressed, workbench)
        return {name: integer.codes.tolist() for name, integer in result.representations.items()}

    first = codes()
    assert codes() == first
    for other in ({"loss": "fisher"}, {"qdrop": 0.5}, {"qdrop": 1.0}):
        assert codes(**other) != first
    workbench.seed = 1
    assert codes() != first


def test_the_defaults_are_the_papers():
    published = {"steps": 20_000, "batch_size": 32, "learning_rate": 1e-3, "images": 1024}
    regulariser = {"regularization": 0.01, "warmup": 0.2}
    assert Brecq() == Brecq(loss="mse", qdrop=0, activation_bits=32, activation_steps=5000, **published, **regulariser)


def test_activations_are_rounded_too_and_their_steps_learned_after_the_weights(compressed, workbench, through_a_file):
    images = next(workbench.batches(64))[0]
    alone = Brecq(3, ends=8, **QUICK)(compressed, workbench)

    def rounded(**settings):
        return Brecq(3, ends=8, activation_bits=3, **QUICK | settings)(compressed, workbench)

    def error(result):
        with torch.no_grad():
            return float((result.network(images) - compressed.network(images)).square().mean())

    learned = rounded(activation_steps=60, activation_learning_rate=0.001)
    assert error(learned) < 0.8 * error(rounded(activation_steps=1))
    for name, integer in alone.representations.items():
        assert (learned.representations[name].codes == integer.codes).all()
    grids = {name: module.settings for name, module in learned.network.named_modules() if isinstance(module, InputGrid)}
    assert {name.removesuffix(".input_quantizer"): grid["bits"] for name, grid in grids.items()} == {
        "conv": 8,
        "block.conv1": 3,
        "block.conv2": 3,
        "fc": 8,
    }
    assert learned.activation_bits == 3
    through_a_file(learned)
    # a step of float32 for each layer is all that comes on top
    first, second = (sizes(pack(finish(each), {})).payload_bytes for each in (alone, learned))
    assert second == first + 4 * 4


@pytest.mark.parametrize("qdrop", [0.0, 0.5])
def test_steps_and_rounding_are_learned_jointly(qdrop, compressed, workbench, through_a_file):
    settings = QUICK | {"steps": 20, "activation_bits": 4, "qdrop": qdrop}
    joint = Brecq(3, jointly=True, **settings)(compressed, workbench)
    after = Brecq(3, activation_steps=20, **settings)(compressed, workbench)
    through_a_file(joint)
    assert any(
        (joint.representations[name].codes != integer.codes).any() for name, integer in after.representations.items()
    )
