"""The zoo's networks: sizes from the literature, shapes, and what other rooms rely on."""

from __future__ import annotations

import re

import pytest
import torch
from torch import fx, nn

from bench import registry
from bench.errors import InputError
from bench.training.recipe import Recipe
from bench.zoo.networks.build import build
from bench.zoo.networks.catalogue import classifiers

NAMES, EVERY = classifiers(), registry.names("bench.zoo")

# For 3 channels and 10 classes. ResNet-20 and -56: 0.27 and 0.85 million, He et al. (2016), table 6.
# MobileNetV2: as torchvision's with 10 classes. WideResNet-16-4: 2.7 million, Zagoruyko and Komodakis (2016).
PARAMETERS = {
    "mnist-cnn": 1_626_442,
    "mobilenet-small": 19_114,
    "mobilenetv2": 2_236_682,
    "resnet8": 75_290,
    "resnet18": 11_173_962,
    "resnet20": 269_722,
    "resnet56": 853_018,
    "vgg16-bn": 14_724_042,
    "wrn16-4": 2_748_890,
}


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_are_as_published(name):
    assert count(build(name, channels=3, classes=10, size=32, seed=0)) == PARAMETERS[name]


@pytest.mark.parametrize(("name", "parameters"), [("resnet8", 75_002), ("mobilenet-small", 18_826)])
def test_parameters_for_digits_are_as_published(name, parameters):
    assert count(build(name, channels=1, classes=10, size=8, seed=0)) == parameters


@pytest.mark.parametrize("name", EVERY)
def test_documented_parameters_are_true(name):
    colour = build(name, channels=3, classes=10, size=32, seed=0)
    gray = build(name, channels=1, classes=10, size=32, seed=0)
    assert any(f"{count(network):,}" in registry.summary("bench.zoo", name) for network in (colour, gray))


def multiply_adds(network: nn.Module, *shape: int) -> int:
    total = 0

    def add(module: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        nonlocal total
        total += output[0].numel() * module.weight[0].numel()

    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            module.register_forward_hook(add)
    network(torch.zeros(1, *shape))
    return total


def test_resnet56_multiplies_as_often_as_published():
    # Li et al., Pruning Filters (2017): 1.25e8. Distiller counts 125,747,840 with 1×1 convolutions as shortcuts.
    projections = 16 * 32 * 16 * 16 + 32 * 64 * 8 * 8
    assert multiply_adds(build("resnet56", 3, 10, 32, seed=0), 3, 32, 32) == 125_747_840 - projections


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("channels", "classes", "size"), [(3, 10, 32), (1, 7, 33), (3, 5, 40)])
def test_a_logit_a_class_for_any_images(name, channels, classes, size):
    network = build(name, channels, classes, size, seed=0)
    assert network(torch.zeros(2, channels, size, size)).shape == (2, classes)


@pytest.mark.parametrize("name", NAMES)
def test_smaller_images_than_it_takes_are_refused(name):
    with pytest.raises(InputError, match=r"at least \d+×\d+ pixels, given 1×1") as refused:
        build(name, channels=1, classes=10, size=1, seed=0)
    size = int(re.search(r"at least (\d+)×", str(refused.value))[1])
    with pytest.raises(InputError, match=f"given {size - 1}×{size - 1}"):
        build(name, channels=1, classes=10, size=size - 1, seed=0)
    network = build(name, channels=1, classes=10, size=size, seed=0)
    assert network(torch.zeros(2, 1, size, size)).shape == (2, 10)


@pytest.mark.parametrize("name", NAMES)
def test_symbolic_tracing_keeps_the_function(name):
    network = build(name, channels=3, classes=10, size=32, seed=0)
    image = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    assert torch.equal(fx.symbolic_trace(network)(image), network(image))


@pytest.mark.parametrize("name", NAMES)
def test_every_activation_is_a_module_of_its_own_and_not_in_place(name):
    network = build(name, channels=3, classes=10, size=32, seed=0)
    calls: dict[str, int] = {}
    for module_name, module in network.named_modules():
        if isinstance(module, (nn.ReLU, nn.ReLU6)):
            assert not module.inplace
            calls[module_name] = 0
            module.register_forward_hook(lambda *_, key=module_name: calls.update({key: calls[key] + 1}))
    network(torch.zeros(1, 3, 32, 32))
    assert calls
    assert set(calls.values()) == {1}


def test_option_a_subsamples_and_pads_on_both_sides():
    from bench.zoo.layers.residual import SubsampleAndPad

    image = torch.arange(9.0).reshape(1, 1, 3, 3)
    out = SubsampleAndPad(stride=2, new_channels=3)(image)
    assert out.shape == (1, 4, 2, 2)
    assert out[0].abs().sum(dim=(1, 2)).tolist() == [0, 16, 0, 0]
    assert out[0, 1].tolist() == [[0, 2], [6, 8]]


@pytest.mark.parametrize("name", EVERY)
def test_recipes_and_versions(name):
    module = registry.load("bench.zoo", name, "model")
    assert isinstance(module.RECIPE, Recipe)
    assert module.VERSION >= 1
