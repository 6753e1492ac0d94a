"""The sources' own examples: a ResNet-50 at 4 bits, or with 90% zeros."""

import pytest
import torch
from torch import nn

from bench.compress.budget import Budget
from bench.compress.method import NotApplicable
from bench.compress.variant import parse
from bench.errors import InputError
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish
from bench.footprint.packed import pack, sizes, unpack
from bench.zoo.networks import build
from tests.compress.conftest import Bench
from tests.compress.imports.conftest import rounded, saved, trained


class Elsewhere(Bench):
    """A workbench beside which a file stands."""

    def __init__(self, data, shape=(3, 16, 16)):
        super().__init__(shape)
        self.data, self.counted = data, Budget()

    def file(self, setting):
        return "net.pt", self.data

    def was_trained(self, budget):
        self.counted += budget


def resnet50(seed):
    return build.build("torchvision:resnet50", 3, 1000, 32, seed)


def layers(network):
    return [module for module in network.modules() if isinstance(module, (nn.Conv2d, nn.Linear))]


def of_4_bits(network, *, per_channel):
    return rounded(network, 4, per_channel=per_channel)


def from_lowest(network):
    """4 bits per channel, counted from its lowest weight."""
    with torch.no_grad():
        for layer in layers(network):
            rows = layer.weight.flatten(1)
            low, high = rows.amin(1, keepdim=True), rows.amax(1, keepdim=True)
            step = (high - low) / 15
            layer.weight.copy_((((rows - low) / step).round() * step + low).reshape(layer.weight.shape))
    return network


def of_zeros(network):
    with torch.no_grad():
        for layer in layers(network):
            size = layer.weight.abs()
            layer.weight.mul_(size > size.flatten().kthvalue(int(0.9 * size.numel())).values)
    return network


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("compress", "bits", "numbers"),
    [
        (lambda network: of_4_bits(network, per_channel=True), 4, 1),
        (lambda network: of_4_bits(network, per_channel=False), 4, 1),
        (from_lowest, 4, 2),
        (of_zeros, 0.1 * 32 + 1, 1),
    ],
    ids=["4 bits per channel", "4 bits per tensor", "4 bits from the lowest", "90% zeros"],
)
def test_a_resnet50_takes_what_its_weights_need(compress, bits, numbers):
    """At so many bits per weight and numbers per channel."""
    network = compress(resnet50(0))
    workbench = Elsewhere(saved(network.state_dict()), (3, 32, 32))
    imported = parse("import").apply(Compressed(resnet50(1), example=workbench.example), workbench)
    file = pack(finish(imported), {"name": "resnet50"})
    read = unpack(file, resnet50(2))
    assert all(torch.equal(one.weight, other.weight) for one, other in zip(layers(network), layers(read), strict=True))
    with torch.inference_mode():
        images = next(workbench.batches(2))[0]
        torch.testing.assert_close(read(images), network(images), rtol=1e-5, atol=1e-5)
    weights = sum(layer.weight.numel() for layer in layers(network))
    others = sum(parameter.numel() for parameter in network.parameters()) - weights
    channels = sum(len(layer.weight) for layer in layers(network))
    assert sizes(file).payload_bytes <= weights * bits / 8 + 4 * (others + numbers * channels)


def test_what_was_trained_elsewhere_counts():
    workbench = Elsewhere(saved(trained().state_dict()))
    variant = parse("import:finetuned_epochs=15")
    variant.apply(Compressed(trained(1), example=workbench.example), workbench)
    assert workbench.counted == Budget(finetuned=15) == variant.budget(3, 4)


def test_zeros_stay_zero_in_what_follows():
    network = of_zeros(trained())
    workbench = Elsewhere(saved(network.state_dict()))
    workbench.classes = 10
    chained = parse("import+magnitude-finetune:sparsity=0.5").apply(
        Compressed(trained(1), example=workbench.example), workbench
    )
    for one, other in zip(layers(network), layers(chained.network), strict=True):
        assert not other.weight[one.weight == 0].any()


@pytest.mark.parametrize("label", ["magnitude+import", "k-bit+import", "finetune+import"])
def test_it_begins_a_chain(label):
    workbench = Elsewhere(saved(trained().state_dict()))
    workbench.classes = 10
    with pytest.raises(NotApplicable, match="put import first"):
        parse(label).apply(Compressed(trained(1), example=workbench.example), workbench)


def test_a_file_that_does_not_fit_is_a_refusal():
    workbench = Elsewhere(saved({"fc.weight": torch.zeros(3)}))
    with pytest.raises(NotApplicable, match=r"net\.pt.*missing"):
        parse("import").apply(Compressed(trained(1), example=workbench.example), workbench)


@pytest.mark.parametrize("settings", ["files=", "finetuned_epochs=-1", "finetuned_epochs=true", "file=a.pt"])
def test_settings_are_checked(settings):
    with pytest.raises(InputError, match="import"):
        parse(f"import:{settings}").check()
