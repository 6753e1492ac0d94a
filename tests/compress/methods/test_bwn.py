import numpy as np
import pytest
import torch

from bench.compress.methods.binary_connect import BinaryConnect
from bench.compress.methods.bwn import Bwn
from bench.compress.methods.xnor_net import XnorNet
from bench.footprint.fold import finish
from bench.footprint.packed import pack, sizes
from bench.footprint.representation import Binary

INNER = ("block.conv1.weight", "block.conv2.weight")


def without_training(workbench):
    workbench.finetune = lambda network, **options: network.eval() and ()
    return workbench


def test_inner_layers_are_one_bit_and_the_first_and_the_last_stay(compressed, workbench, through_a_file):
    result = Bwn()(compressed, workbench)
    through_a_file(result)
    assert set(result.representations) == set(INNER)
    assert all(isinstance(result.representations[name], Binary) for name in INNER)
    assert result.activation_bits == 32
    assert workbench.finetuned == 1


def test_filters_are_signs_of_the_centred_weights_times_their_mean_magnitude(compressed, workbench):
    result = finish(Bwn()(compressed, without_training(workbench)))
    for name in INNER:
        weight = compressed.network.get_parameter(name).detach()
        centred = (weight - weight.mean(1, keepdim=True)).clamp(-1, 1)
        normalisation = compressed.network.get_submodule(name.replace("conv", "bn").removesuffix(".weight"))
        binary = result.representations[name]
        flipped = (normalisation.weight < 0).reshape(-1, 1, 1, 1)
        assert np.array_equal(binary.positive, ((centred >= 0) ^ flipped).numpy())
        assert binary.alpha.shape == (8,)


def test_the_normalisation_absorbs_the_scales(compressed, workbench):
    layers = {layer.name: layer for layer in sizes(pack(Bwn()(compressed, workbench), {})).layers}
    for name in INNER:
        assert layers[name].payload_bytes == 8 * 8 * 9 // 8 + 4 * 8
        assert layers[name.replace("weight", "bias")].payload_bytes == 4 * 8
    assert not any("bn" in name for name in layers)


def test_training_moves_signs(compressed, workbench):
    trained = Bwn()(compressed, workbench)
    still = Bwn()(compressed, without_training(workbench))
    assert any(
        not np.array_equal(trained.representations[name].positive, still.representations[name].positive)
        for name in INNER
    )


def test_a_filter_of_equal_weights_is_as_good_as_nothing(compressed, workbench):
    with torch.no_grad():
        compressed.network.block.conv1.weight[0] = 0.25
    result = Bwn()(compressed, without_training(workbench))
    assert np.isfinite(result.representations[INNER[0]].alpha).all()
    assert torch.isfinite(result.network(workbench.example)).all()


@pytest.mark.parametrize("method", [Bwn, XnorNet])
def test_pruned_weights_of_the_ends_stay_zero_while_the_others_train(method, compressed, workbench):
    mask = torch.rand(compressed.network.conv.weight.shape) < 0.5
    with torch.no_grad():
        compressed.network.conv.weight.mul_(mask)
    result = method()(compressed.but(masks={"conv.weight": mask}), workbench)
    weight = next(one for name, one in result.network.named_parameters() if name.startswith("conv"))
    assert not weight[~mask].any() and torch.equal(result.masks["conv.weight"], mask)


@pytest.mark.parametrize("method", [Bwn, BinaryConnect])
def test_every_layer_that_shares_a_weight_trains_with_its_signs(method, compressed, workbench):
    network = compressed.network
    network.block.conv2.weight = network.block.conv1.weight
    finetune, seen = workbench.finetune, {}

    def watched(trained, **options):
        for name in ("conv1", "conv2"):
            layer = getattr(trained.block, name)
            layer.register_forward_hook(lambda module, *_, name=name: seen.update({name: module.weight[0].unique()}))
        return finetune(trained, **options)

    workbench.finetune = watched
    result = method()(compressed, workbench)
    assert {name: len(values) for name, values in seen.items()} == {"conv1": 2, "conv2": 2}
    assert result.network.block.conv1.weight is result.network.block.conv2.weight


def test_a_last_batch_of_one_image_is_left_out(compressed, workbench):
    batches = workbench.batches
    workbench.batches = lambda images, size=128: batches(129 if size == 128 else images, size)
    compressed.network.fc = torch.nn.Sequential(torch.nn.BatchNorm1d(8), torch.nn.Linear(8, 4)).eval()
    assert Bwn()(compressed, workbench).representations


@pytest.mark.parametrize("method", [Bwn, XnorNet])
def test_masks_that_spare_the_inner_layers_stand_on_the_ends_alone(compressed, workbench, method):
    masks = {name: torch.ones_like(compressed.network.get_parameter(name), dtype=torch.bool) for name in INNER}
    last = compressed.network.fc.weight
    masks["fc.weight"] = torch.arange(last.numel()).reshape(last.shape) % 2 == 0
    with torch.no_grad():
        last[~masks["fc.weight"]] = 0.0
    result = method()(compressed.but(masks=masks), workbench)
    assert torch.equal(result.network.fc.weight == 0, ~masks["fc.weight"])
