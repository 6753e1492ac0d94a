"""Whatever network is brought, every method is given plain modules with finite weights, or refuses in a sentence."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from bench.api.size import footprint
from bench.compress import starting
from bench.compress.method import NotApplicable
from bench.compress.variant import parse
from bench.errors import InputError
from bench.footprint.compressed import Compressed
from bench.footprint.cost import cost
from bench.footprint.fold import finish
from bench.footprint.packed import pack, sizes, unpack

METHODS = ["original", "magnitude:sparsity=0.9", "k-bit", "int8-per-channel"]


def dense() -> nn.Sequential:
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.ReLU()]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(128, 4)).eval()


def changed(change) -> nn.Sequential:
    network = dense()
    for layer in (network[0], network[3], network[6]):
        change(layer)
    return network.eval()


def masked(layer: nn.Module) -> nn.Module:
    return prune.l1_unstructured(layer, "weight", 0.9)


REPARAMETRISED = {
    "mask": masked,
    "weight norm": nn.utils.weight_norm,
    "weight norm, new": nn.utils.parametrizations.weight_norm,
    "spectral norm": nn.utils.spectral_norm,
    "spectral norm, new": nn.utils.parametrizations.spectral_norm,
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("label", METHODS)
@pytest.mark.parametrize("kind", REPARAMETRISED)
def test_computed_weights_are_baked_in_and_the_file_gives_them_back(kind, label):
    network, images = changed(REPARAMETRISED[kind]), torch.randn(2, 3, 8, 8)
    expected, names = network(images), list(network.state_dict())
    compressed = finish(parse(label).apply(Compressed(network, example=images[:1]), workbench=None))
    assert list(network.state_dict()) == names and torch.equal(network(images), expected)
    packed = pack(compressed, {})
    found = unpack(packed, changed(REPARAMETRISED[kind]))
    torch.testing.assert_close(found(images), compressed.network(images))
    if label == "original":
        torch.testing.assert_close(found(images), expected)
    plain = pack(finish(Compressed(dense(), example=images[:1])), {})
    assert {layer.name for layer in sizes(packed).layers} == {layer.name for layer in sizes(plain).layers}
    assert cost(packed, changed(REPARAMETRISED[kind]), (1, 3, 8, 8)).macs == cost(plain, dense(), (1, 3, 8, 8)).macs


def test_a_mask_that_was_left_on_makes_the_file_smaller():
    image = torch.zeros(1, 3, 8, 8)
    network = changed(masked)
    network(image)  # leaves weights behind that were computed with gradients
    whole, pruned = footprint(dense(), image), footprint(network, image)
    assert pruned.parameters == whole.parameters and pruned.payload_bytes < whole.payload_bytes / 4
    weights = 3 * 8 * 9 + 8 * 8 * 9 + 128 * 4
    assert pruned.nonzero_weights == pytest.approx(weights / 10, abs=3)


WRAPPED = {
    "DataParallel": nn.DataParallel,
    "compiled": torch.compile,
    "half": lambda network: network.half(),
    "bfloat16": lambda network: network.bfloat16(),
    "double": lambda network: network.double(),
}


@pytest.mark.parametrize("label", METHODS)
@pytest.mark.parametrize("kind", WRAPPED)
def test_wrapped_networks_and_other_floats(kind, label):
    example = torch.randn(1, 3, 8, 8)
    compressed = finish(parse(label).apply(Compressed(WRAPPED[kind](dense()), example=example), workbench=None))
    found = unpack(pack(compressed, {}), WRAPPED[kind](dense()))
    assert torch.equal(found(example), compressed.network(example))
    assert footprint(WRAPPED[kind](dense()), example).parameters == footprint(dense(), example).parameters


def spoilt(value: float) -> nn.Module:
    network = dense()
    with torch.no_grad():
        network[3].weight[0, 0, 0, 0] = value
    return network


REFUSED = {
    "NaN": (lambda: spoilt(np.nan), r"3\.weight holds NaN or infinite numbers"),
    "infinite": (lambda: spoilt(np.inf), r"3\.weight holds NaN or infinite numbers"),
    "lazy": (lambda: nn.Sequential(nn.Flatten(), nn.LazyLinear(4)), "Sequential has lazy layers without shapes"),
    "scripted": (lambda: torch.jit.script(dense()), "is TorchScript"),
    "meta": (lambda: dense().to("meta"), r"0\.weight is on the meta device"),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", REFUSED)
def test_what_no_method_can_work_on(kind):
    make, reason = REFUSED[kind]
    for label in METHODS:
        with pytest.raises(NotApplicable, match=reason):
            parse(label).apply(Compressed(make(), example=torch.zeros(1, 3, 8, 8)), workbench=None)
    with pytest.raises(InputError, match=reason):
        footprint(make(), torch.zeros(1, 3, 8, 8))


def test_plain_networks_are_passed_on_as_they_are():
    compressed = Compressed(dense())
    assert starting.prepared(compressed) is compressed


ERRORS = [
    (MemoryError(), "more memory than there is"),
    (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"), "more memory"),
    (np.linalg.LinAlgError("SVD did not converge"), "cannot be decomposed: SVD did not converge"),
    (torch.linalg.LinAlgError("linalg.eigh: failed to converge\nmore"), "decomposed: linalg.eigh: failed to converge$"),
]


@pytest.mark.parametrize(("error", "reason"), ERRORS)
def test_errors_of_the_machine_are_refusals(error, reason):
    with pytest.raises(NotApplicable, match=reason), starting.refusals():
        raise error


def test_our_own_mistakes_stay_errors():
    with pytest.raises(RuntimeError, match="shapes"), starting.refusals():
        raise RuntimeError("shapes do not match")


class Unused(nn.Module):
    """Has layers that its forward pass never calls."""

    def __init__(self):
        super().__init__()
        self.used = nn.Conv2d(3, 8, 3, padding=1)
        self.never, self.norm = nn.Conv2d(8, 16, 3), nn.BatchNorm2d(16)

    def forward(self, images):
        return self.used(images).mean((2, 3))


@pytest.mark.parametrize("label", [*METHODS, "pca", "pca:hessian=true", "svd"])
def test_layers_that_the_forward_pass_never_calls(label, workbench):
    result = parse(label).apply(Compressed(Unused().eval(), example=workbench.example), workbench)
    assert type(result.network.never) is nn.Conv2d or label == "svd"
