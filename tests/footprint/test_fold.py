from __future__ import annotations

from copy import deepcopy
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish, merge
from bench.footprint.representation import Float, Integer
from bench.footprint.structure.affine_batchnorm import Affine

ROUNDING = 2e-6


class Applied(nn.Module):
    """Layers called by a function, in any way."""

    def __init__(self, forward, **layers: nn.Module):
        super().__init__()
        for name, layer in layers.items():
            self.add_module(name, layer)
        self.apply_layers = forward

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.apply_layers(self, x)


def _kinds(compressed: Compressed) -> dict[str, list]:
    return {step["kind"]: step.get("pairs", step.get("names")) for step in compressed.structure}


def test_a_convolution_by_hand():
    layer, norm = nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1, eps=1e-12)  # lost beside 0.25; 0 is refused by torch 2.11
    values = {
        layer.weight: 3,
        layer.bias: 2,
        norm.weight: 5,
        norm.bias: 7,
        norm.running_mean: 4,
        norm.running_var: 0.25,
    }
    with torch.no_grad():
        for tensor, value in values.items():
            tensor.fill_(value)
    folded = finish(Compressed(nn.Sequential(layer, norm).eval(), example=torch.zeros(1, 1, 2, 2))).network
    # 5·(3x + 2 - 4)/0.5 + 7 = 30x - 13
    assert (folded[0].weight.item(), folded[0].bias.item()) == (30, -13)
    assert isinstance(folded[1], nn.Identity)


def test_every_normalisation_of_a_residual_network_is_folded(cifar_resnet, image, relative_error):
    original = cifar_resnet()
    finished = finish(Compressed(original, example=image))
    assert len(_kinds(finished)["fold-batchnorm"]) == 7
    assert _kinds(finished).keys() == {"fold-batchnorm"}
    assert relative_error(original, finished.network, 4, 3, 32, 32) < ROUNDING
    assert not any("running" in name for name in finished.network.state_dict())


def test_the_network_given_is_left_alone(cifar_resnet, image):
    original = cifar_resnet()
    before = deepcopy(original.state_dict())
    finish(Compressed(original, example=image))
    assert all(torch.equal(before[name], tensor) for name, tensor in original.state_dict().items())


def test_a_second_time_changes_nothing(cifar_resnet, image):
    finished = finish(Compressed(cifar_resnet(), example=image))
    assert finish(finished) is finished


@pytest.mark.parametrize(
    ("layer", "norm", "shape"),
    [
        (nn.Conv2d(4, 8, 3, bias=False), nn.BatchNorm2d(8), (2, 4, 6, 6)),
        (nn.Conv2d(4, 8, 3, groups=4, padding=1, padding_mode="reflect"), nn.BatchNorm2d(8), (2, 4, 6, 6)),
        (nn.Conv1d(4, 8, 3), nn.BatchNorm1d(8), (2, 4, 9)),
        (nn.Conv3d(2, 3, 2), nn.BatchNorm3d(3), (2, 2, 4, 4, 4)),
        (nn.Linear(4, 8), nn.BatchNorm1d(8, affine=False), (5, 4)),
        (nn.Conv2d(4, 8, 3), nn.BatchNorm2d(8, affine=False), (2, 4, 6, 6)),
    ],
)
def test_layers_of_all_kinds(layer, norm, shape, live, relative_error):
    network = live(nn.Sequential(layer, norm, nn.ReLU()))
    finished = finish(Compressed(network, example=torch.zeros(1, *shape[1:])))
    assert _kinds(finished) == {"fold-batchnorm": [["0", "1"]]}
    assert relative_error(network, finished.network, *shape) < ROUNDING


def _twice(self, x):
    return self.norm(self.conv(x)) + self.norm(self.conv(x * 2))


def _also_elsewhere(self, x):
    y = self.conv(x)
    return self.norm(y) + y


def _output(self, x):
    y = self.conv(x)
    self.norm(y)
    return y


def _view_elsewhere(self, x):
    y = self.conv(x)
    return self.norm(y) + y[:, :, ::1].flatten(2).reshape(y.shape)


def _relu_between(self, x):
    return self.norm(functional.relu_(self.conv(x)))


def _decoder(self, x):
    y = self.norm(self.conv(x))
    return functional.conv_transpose2d(y, self.conv.weight, padding=1)


def _transposed(self, x):
    return self.norm(self.conv(x).transpose(1, 2))


def _before(self, x):
    return self.conv(self.norm(x))


@pytest.mark.parametrize(
    "forward", [_twice, _also_elsewhere, _output, _view_elsewhere, _relu_between, _decoder, _transposed, _before]
)
def test_a_normalisation_that_does_not_read_a_layer_alone_is_merged(forward, live, relative_error):
    network = live(Applied(forward, conv=nn.Conv2d(6, 6, 3, padding=1), norm=nn.BatchNorm2d(6)))
    finished = finish(Compressed(network, example=torch.zeros(1, 6, 6, 6)))
    assert _kinds(finished) == {"affine-batchnorm": ["norm"]}
    assert isinstance(finished.network.norm, Affine)
    assert relative_error(network, finished.network, 2, 6, 6, 6) < ROUNDING


def _sum_of_weights(self, x):
    return self.norm(self.conv(x)) + self.conv.weight.sum()


def _mean_of_weights(self, x):
    kernel = self.conv.weight.mean((2, 3), keepdim=True)
    return self.norm(self.conv(x)) + functional.conv2d(x, kernel)


def _size_of_weights(self, x):
    return self.norm(self.conv(x)) * float(self.conv.weight.abs().max())


@pytest.mark.parametrize("forward", [_sum_of_weights, _mean_of_weights, _size_of_weights])
def test_a_layer_whose_weights_are_read_by_themselves_stays(forward, live, relative_error):
    network = live(Applied(forward, conv=nn.Conv2d(6, 6, 3, padding=1), norm=nn.BatchNorm2d(6)))
    finished = finish(Compressed(network, example=torch.zeros(1, 6, 6, 6)))
    assert _kinds(finished) == {"affine-batchnorm": ["norm"]}
    assert relative_error(network, finished.network, 2, 6, 6, 6) < ROUNDING


def _scale_by_itself(self, x):
    return self.norm(self.conv(x)) * self.norm.weight.abs().view(1, -1, 1, 1)


def _shift_by_itself(self, x):
    return self.norm(self.conv(x)) + self.norm.bias.abs().sum()


@pytest.mark.parametrize("change", [finish, merge, partial(merge, exact=True)])
@pytest.mark.parametrize("forward", [_scale_by_itself, _shift_by_itself])
def test_a_normalisation_whose_parameters_are_read_by_themselves_stays(forward, change, live):
    network = live(Applied(forward, conv=nn.Conv2d(6, 6, 3, padding=1), norm=nn.BatchNorm2d(6)))
    changed = change(Compressed(network, example=torch.zeros(1, 6, 6, 6)))
    assert not changed.structure
    images = torch.randn(2, 6, 6, 6)
    assert torch.equal(changed.network(images), network(images))


class Standardised(nn.Conv2d):
    """Normalises its weight on the way."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self._conv_forward(x, self.weight - self.weight.mean(), self.bias)


class Activated(nn.BatchNorm2d):
    """A normalisation with something behind it."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.relu(super().forward(x))


def test_a_layer_that_computes_something_else_is_not_folded_into(live, relative_error):
    network = live(nn.Sequential(Standardised(3, 4, 3), nn.BatchNorm2d(4)))
    finished = finish(Compressed(network, example=torch.zeros(1, 3, 6, 6)))
    assert _kinds(finished) == {"affine-batchnorm": ["1"]}
    assert relative_error(network, finished.network, 2, 3, 6, 6) < ROUNDING


@pytest.mark.parametrize("norm", [Activated(4), nn.BatchNorm2d(4, track_running_stats=False), nn.GroupNorm(2, 4)])
def test_what_is_no_plain_batch_normalisation_with_statistics_stays(norm, live):
    compressed = Compressed(live(nn.Sequential(nn.Conv2d(3, 4, 3), norm)), example=torch.zeros(1, 3, 6, 6))
    assert finish(compressed) is compressed


def _by_hand(self, x):
    norm = self.norm
    y = functional.batch_norm(self.conv(x), norm.running_mean, norm.running_var, norm.weight, norm.bias, eps=norm.eps)
    return self.other(y)


@pytest.mark.parametrize("take", [finish, merge])
def test_statistics_that_another_forward_pass_reads_stay(take, live, relative_error):
    layers = {"conv": nn.Conv2d(6, 6, 3), "norm": nn.BatchNorm2d(6), "other": nn.BatchNorm2d(6)}
    network = live(Applied(_by_hand, **layers))
    finished = take(Compressed(network, example=torch.zeros(1, 6, 6, 6)))
    assert _kinds(finished) == {"affine-batchnorm": ["other"]}
    assert relative_error(network, finished.network, 2, 6, 6, 6) < ROUNDING


def test_frozen_normalisation_of_detection_networks(relative_error):
    from torchvision.ops import FrozenBatchNorm2d

    network = nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), FrozenBatchNorm2d(4)).eval()
    network[1].running_mean.uniform_(-1, 1)
    network[1].running_var.uniform_(0.5, 2)
    finished = finish(Compressed(network, example=torch.zeros(1, 3, 6, 6)))
    assert _kinds(finished) == {"fold-batchnorm": [["0", "1"]]}
    assert relative_error(network, finished.network, 2, 3, 6, 6) < ROUNDING


def test_weights_that_share_a_parameter_are_not_folded_into(live, relative_error):
    one, other = nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1)
    other.weight = one.weight
    network = live(nn.Sequential(one, nn.BatchNorm2d(4), other))
    finished = finish(Compressed(network, example=torch.zeros(1, 4, 3, 3)))
    assert _kinds(finished) == {"affine-batchnorm": ["1"]}
    assert relative_error(network, finished.network, 2, 4, 3, 3) < ROUNDING


def _quantized(layer: nn.Conv2d) -> Integer:
    stored = Integer((layer.weight.detach() * 20).round().clamp(-8, 7).numpy(), np.array([20]), 4, divide=True)
    layer.weight.data = torch.from_numpy(stored.decode())
    return stored


def test_quantised_weights_keep_their_integers(live, relative_error):
    network = live(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4)))
    stored = {"0.weight": _quantized(network[0]), "3.weight": Float(network[3].weight.detach().numpy())}
    finished = finish(Compressed(network, representations=stored, example=torch.zeros(1, 3, 8, 8)))
    assert _kinds(finished) == {"fold-batchnorm": [["2", "3"]], "affine-batchnorm": ["1"]}
    assert torch.equal(finished.network[0].weight, network[0].weight)
    assert dict(finished.representations) == {"0.weight": stored["0.weight"]}
    assert relative_error(network, finished.network, 2, 3, 8, 8) < ROUNDING


def test_pruned_weights_stay_plus_zero_under_a_negative_scale():
    network = nn.Sequential(nn.Conv2d(2, 3, 2), nn.BatchNorm2d(3)).eval()
    mask = torch.arange(24).reshape(3, 2, 2, 2) % 2 == 0
    with torch.no_grad():
        network[0].weight.mul_(mask)
        network[1].weight.fill_(-2.0)
    finished = finish(Compressed(network, masks={"0.weight": mask}, example=torch.zeros(1, 2, 3, 3)))
    pruned = finished.network[0].weight.detach()[~mask].numpy()
    assert not pruned.view(np.uint32).any()
    without_mask = finish(Compressed(network, example=torch.zeros(1, 2, 3, 3))).network[0].weight.detach()
    assert not without_mask[~mask].numpy().view(np.uint32).any()
    assert torch.count_nonzero(finished.network[0].weight) == 12


def test_merging_folds_nothing(cifar_resnet, image, relative_error):
    original = cifar_resnet()
    merged = merge(Compressed(original))
    assert len(_kinds(merged)["affine-batchnorm"]) == 7
    assert relative_error(original, merged.network, 2, 3, 32, 32) < ROUNDING
    assert finish(merged) is merged


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize(("kind", "shape"), [(nn.BatchNorm2d, (5, 7, 9, 3)), (nn.BatchNorm1d, (6, 7))])
def test_merged_exactly_the_network_computes_the_same_numbers(kind, shape, affine, live):
    normalisation = live(kind(7, affine=affine))
    network = nn.Sequential(normalisation).eval()
    x = torch.randn(shape, generator=torch.Generator().manual_seed(3))
    for images in (x, x.to(memory_format=torch.channels_last) if x.ndim == 4 else x[:1]):
        assert torch.equal(merge(Compressed(network), exact=True).network(images), network(images))


def test_simulated_quantisation_is_not_traced():
    network = nn.Sequential(nn.Conv2d(2, 3, 2), nn.BatchNorm2d(3)).eval()
    compressed = Compressed(network, structure=({"kind": "nncf-quantizers", "config": {}},))
    assert finish(compressed) is compressed


def test_without_an_example_nothing_can_be_folded():
    with pytest.raises(ValueError, match="`example`"):
        finish(Compressed(nn.Sequential(nn.Conv2d(2, 3, 2), nn.BatchNorm2d(3)).eval()))
    bare = Compressed(nn.Linear(2, 2))
    assert finish(bare) is bare


def test_synchronised_batch_normalisation_is_folded_as_any_other():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.SyncBatchNorm(4), nn.ReLU()).eval()
    network[1].running_mean.normal_()
    network[1].running_var.uniform_(0.5, 2.0)
    image = torch.randn(1, 3, 6, 6)
    folded = finish(Compressed(network, example=image))
    assert isinstance(folded.network[1], nn.Identity)
    torch.testing.assert_close(folded.network(image), network(image))


def test_one_step_for_all_filters_becomes_one_each():
    stored = Integer(np.array([[1], [-2]]), np.array([0.5]), 3)
    scaled = stored.scaled(np.array([-2.0, 8.0]))
    assert scaled.scale.tolist() == [1, 4]
    assert scaled.decode().tolist() == [[-1], [-8]]


@pytest.mark.parametrize("zero_point", [None, [2, 0]])
def test_integers_are_multiplied_filter_by_filter(zero_point):
    layer, norm = nn.Conv2d(1, 2, (1, 2), bias=False), nn.BatchNorm2d(2, eps=1e-12)
    codes = np.array([[3, -1], [2, 0]] if zero_point is None else [[3, 0], [2, 1]]).reshape(2, 1, 1, 2)
    stored = Integer(codes, np.array([0.5, 2.0]), 3, None if zero_point is None else np.array(zero_point))
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(stored.decode()))
        norm.weight.copy_(torch.tensor([-2.0, 4.0]))
        norm.bias.copy_(torch.tensor([1.0, 0.0]))
    network = nn.Sequential(layer, norm).eval()
    given = Compressed(network, representations={"0.weight": stored}, example=torch.zeros(1, 1, 1, 2))
    folded = finish(given)
    weight = folded.representations["0.weight"]
    np.testing.assert_allclose(weight.scale, [1.0, 8.0], rtol=1e-6)
    np.testing.assert_array_equal(weight.steps, stored.steps * np.array([-1, 1]).reshape(2, 1, 1, 1))
    assert weight.zero_point is None or weight.zero_point.tolist() == [7 - 2, 0]
    np.testing.assert_array_equal(folded.network[0].weight.detach().numpy(), weight.decode())
    image = torch.tensor([[[[1.0, 3.0]]]])
    torch.testing.assert_close(folded.network(image), network(image))
    assert given.representations["0.weight"] is stored


@pytest.mark.parametrize(
    "stored",
    [
        Integer(np.array([[-4], [1]]), np.array([0.5, 2.0]), 3),  # 4 does not fit: -4 has no mirror image
        Integer(np.array([[1], [1]]), np.array([0.5, 2.0]), 3, divide=True),
    ],
)
def test_integers_that_cannot_be_multiplied_leave_scale_and_shift_to_store(stored):
    layer, norm = nn.Linear(1, 2, bias=False), nn.BatchNorm1d(2)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(stored.decode()))
        norm.weight.neg_()
    network = nn.Sequential(layer, norm).eval()
    finished = finish(Compressed(network, representations={"0.weight": stored}, example=torch.zeros(1, 1)))
    assert _kinds(finished) == {"affine-batchnorm": ["1"]}
    assert finished.representations["0.weight"] is stored


def test_a_filter_that_is_multiplied_by_zero_is_stored_as_zeros():
    stored = Integer(np.array([[-3], [1]]), np.array([0.5, 2.0]), 3)
    scaled = stored.scaled(np.array([0.0, -1e-60]))
    assert not scaled.codes.any()
    assert scaled.scale.tolist() == [1, 1]
    assert not np.signbit(scaled.decode()).any()


def test_parameters_that_are_parts_of_one_vector_are_told_apart(cifar_resnet, image):
    plain = finish(Compressed(cifar_resnet(), example=image))
    network = cifar_resnet()
    nn.utils.vector_to_parameters(nn.utils.parameters_to_vector(plain_parameters(network)), network.parameters())
    assert len({parameter.untyped_storage().data_ptr() for parameter in network.parameters()}) == 1
    finished = finish(Compressed(network, example=image))
    assert _kinds(finished) == _kinds(plain)
    with torch.no_grad():
        torch.testing.assert_close(finished.network(image), network.eval()(image), rtol=1e-4, atol=1e-5)


def plain_parameters(network):
    return [parameter.detach() for parameter in network.parameters()]
