import torch

from bench.compress.methods.xnor_net import XnorNet
from bench.footprint.compressed import Compressed
from bench.footprint.packed import pack, sizes
from bench.footprint.representation import Binary

INNER = ("block.conv1.layer.weight", "block.conv2.layer.weight")


def test_inner_layers_read_and_hold_one_bit(compressed, workbench, through_a_file):
    result = XnorNet()(compressed, workbench)
    assert set(result.representations) == set(INNER)
    assert all(isinstance(result.representations[name], Binary) for name in INNER)
    assert result.activation_bits == 1
    network = through_a_file(result)
    seen = []
    for layer in (network.block.conv1.layer, network.block.conv2.layer):
        layer.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
    network(next(workbench.batches(16))[0])
    for values in seen:
        assert set(values.unique().tolist()) == {-1.0, 1.0}


def test_the_first_and_the_last_layer_read_real_values(compressed, workbench):
    network = XnorNet()(compressed, workbench).network
    seen = []
    for layer in (network.conv, network.fc):
        layer.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
    network(next(workbench.batches(16))[0])
    assert all(len(values.unique()) > 2 for values in seen)


def test_shortcuts_stay_real(compressed, workbench):
    network = XnorNet()(compressed, workbench).network
    seen = []
    network.block.register_forward_hook(lambda module, inputs, output: seen.extend([inputs[0], output]))
    network(next(workbench.batches(16))[0])
    assert all(len(values.unique()) > 100 for values in seen)


def test_the_normalisation_before_a_sign_takes_two_numbers_a_channel(compressed, workbench):
    layers = {layer.name: layer for layer in sizes(pack(XnorNet()(compressed, workbench), {})).layers}
    assert layers["block.conv1.layer.weight"].payload_bytes == 8 * 8 * 9 // 8 + 4 * 8
    norms = [name for name in layers if ".norm." in name]
    assert sorted(norms) == [f"block.{conv}.norm.{own}" for conv in ("conv1", "conv2") for own in ("bias", "weight")]


def test_signs_are_of_values_normalised_over_the_training_images(compressed, workbench):
    """Feature maps after a ReLU are never negative: without a normalisation their signs would say nothing."""
    workbench.finetune = lambda network, **options: network.eval() and ()
    network = XnorNet()(compressed, workbench).network
    seen = []
    network.block.conv2.layer.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
    network(next(workbench.batches(64))[0])
    share = float((seen[0] > 0).float().mean())
    assert 0.2 < share < 0.8
    assert torch.equal(seen[0].abs(), torch.ones_like(seen[0]))


def test_transposed_convolutions_stay_as_they_are(workbench):
    layers = [torch.nn.Conv2d(3, 8, 3), torch.nn.Conv2d(8, 8, 1), torch.nn.ConvTranspose2d(8, 8, 2)]
    network = torch.nn.Sequential(*layers, torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(8, 4))
    result = XnorNet()(Compressed(network.eval(), example=workbench.example), workbench)
    assert set(result.representations) == {"1.layer.weight"}
    assert type(result.network[2]) is torch.nn.ConvTranspose2d
