from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
import torchvision
from torch import nn
from torch.nn import functional

from bench.errors import InputError
from bench.footprint.compressed import Compressed
from bench.footprint.cost import cost, peak_elements
from bench.footprint.fold import finish
from bench.footprint.packed import pack
from bench.footprint.structure import low_rank, rebuild
from bench.footprint.trace import trace


@pytest.mark.parametrize(("bits", "expected"), [(32, 196_608), (8, 49_152), (1, 6_144)])
def test_activations_take_the_methods_width(cifar_resnet, image, bits, expected):
    compressed = finish(Compressed(cifar_resnet(3, 100, 16), example=image)).but(activation_bits=bits)
    found = cost(pack(compressed, {}), cifar_resnet(3, 100, 16), (1, 3, 32, 32))
    assert found.peak_activation_elements == 49_152
    assert found.peak_activation_bytes == expected
    assert found.activation_bits == bits
    assert found.macs == 40_556_800


def test_rounding_of_inputs_is_no_operation(cifar_resnet, image):
    start = cifar_resnet(3, 100, 16)
    name = next(name for name, module in start.named_modules() if isinstance(module, nn.Conv2d))
    described = {"kind": "quantized-inputs", "inputs": {name: {"bits": 4}}}
    compressed = Compressed(rebuild(start, [described]), (described,), activation_bits=4)
    found = cost(pack(compressed, {}), cifar_resnet(3, 100, 16), (1, 3, 32, 32))
    assert found.peak_activation_elements == 49_152
    assert found.peak_activation_bytes == 49_152 / 2
    assert found.macs == 40_556_800


def test_odd_numbers_of_bits_are_rounded_up_to_bytes():
    packed = pack(Compressed(nn.Conv2d(1, 1, 1), activation_bits=1), {})
    assert cost(packed, nn.Conv2d(1, 1, 1), (1, 1, 3, 3)).peak_activation_bytes == 3  # 18 bits


def test_parameters_are_counted_after_folding(cifar_resnet, image):
    packed = pack(finish(Compressed(cifar_resnet(9, 10, 16), example=image)), {})
    found = cost(packed, cifar_resnet(9, 10, 16), (1, 3, 32, 32))
    assert found.weights == found.nonzero_weights == 848_944  # of ResNet-56
    assert found.parameters == 848_944 + 2_032 + 10


def test_zeros_are_not_counted_as_non_zeros(cifar_resnet):
    network = cifar_resnet()
    network.fc.weight.data = torch.from_numpy(np.eye(10, 16, dtype=np.float32))
    found = cost(pack(Compressed(network), {}), cifar_resnet(), (1, 3, 32, 32))
    assert found.weights - found.nonzero_weights == 150


def test_a_smaller_structure_costs_less(cifar_resnet):
    step = {"kind": "low-rank", "ranks": {"stages.0.conv1": 1}}
    network = low_rank.apply(cifar_resnet(), step["ranks"])
    whole = cost(pack(Compressed(cifar_resnet()), {}), cifar_resnet(), (1, 3, 32, 32))
    factored = cost(pack(Compressed(network, structure=(step,)), {}), cifar_resnet(), (1, 3, 32, 32))
    assert whole.macs - factored.macs == 1024 * (4 * 4 * 9 - 4 * 9 - 4)


def test_a_file_of_another_network_is_refused(cifar_resnet, image):
    packed = pack(finish(Compressed(cifar_resnet(), example=image)), {})
    with pytest.raises(InputError, match="does not fit"):
        cost(packed, nn.Linear(2, 2), (1, 2))


N = 8 * 8  # pixels of the feature maps below


class Written(nn.Module):
    """Layers called by a function."""

    def __init__(self, forward: Callable[..., torch.Tensor], **layers: nn.Module):
        super().__init__()
        for name, layer in layers.items():
            self.add_module(name, layer)
        self.written = forward

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.written(self, x)


def _peak(forward: Callable[..., torch.Tensor], channels: int = 4, **layers: nn.Module) -> int:
    return peak_elements(trace(Written(forward, **layers), torch.zeros(1, channels, 8, 8)))


def _conv(inputs: int, outputs: int, **options) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1, **options)


def test_inputs_and_output_coexist():
    assert _peak(lambda m, x: m.a(x), a=_conv(4, 6)) == (4 + 6) * N


def test_a_buffer_dies_after_its_last_reader():
    assert _peak(lambda m, x: m.c(m.b(m.a(x))), a=_conv(4, 6), b=_conv(6, 7), c=_conv(7, 1)) == (6 + 7) * N


@pytest.mark.parametrize(
    "function",
    [
        torch.relu,
        torch.relu_,
        functional.relu6,
        functional.hardswish,
        functional.silu,
        functional.gelu,
        torch.sigmoid,
        lambda x: functional.leaky_relu(x, 0.1),
        lambda x: functional.prelu(x, torch.ones(1)),
        lambda x: functional.dropout(x, 0.5, training=False),
        lambda x: x * 2 + 1,
        lambda x: functional.batch_norm(x, torch.zeros(6), torch.ones(6)),
        lambda x: functional.group_norm(x, 2),
        lambda x: functional.softmax(x, 1),
        lambda x: x.contiguous().view(1, 3, 2, 8, 8).flatten(1, 2),
    ],
)
def test_elementwise_operations_overwrite_what_dies(function):
    assert _peak(lambda m, x: function(m.a(x)), a=_conv(4, 6)) == (4 + 6) * N


def test_what_is_read_again_is_not_overwritten():
    assert _peak(lambda m, x: m.b(torch.relu(x)) + x, b=_conv(4, 4)) == (4 + 4 + 4) * N
    # pre-activation: x stays for the shortcut, its ReLU is a second buffer, the convolution's output a third
    assert _peak(lambda m, x: m.a(x) + x, a=nn.Sequential(nn.BatchNorm2d(4), nn.ReLU(), _conv(4, 4))) == 12 * N


def test_a_residual_addition_overwrites_one_side():
    """The shortcut is alive during the second convolution; the addition needs nothing more."""
    assert _peak(lambda m, x: m.b(m.a(x)) + x, a=_conv(4, 4), b=_conv(4, 4)) == 3 * 4 * N


def test_broadcast_results_need_a_buffer_of_their_own():
    # squeeze-and-excitation: the gate is small, its product overwrites the feature map
    def squeeze(m, x):
        y = m.a(x)
        return y * torch.sigmoid(m.b(functional.adaptive_avg_pool2d(y, 1)))

    assert _peak(squeeze, a=_conv(4, 9), b=nn.Conv2d(9, 9, 1)) == (4 + 9) * N
    assert _peak(lambda m, x: m.a(x) * x, channels=1, a=_conv(1, 9)) == (1 + 9) * N
    # an outer sum is larger than both
    assert _peak(lambda m, x: x.mean(2, keepdim=True) + x.mean(3, keepdim=True)) == (4 + 2 * 4 / 8) * N


def test_concatenation_copies():
    assert _peak(lambda m, x: torch.cat([m.a(x), m.b(x)], 1), a=_conv(4, 4), b=_conv(4, 4)) == (8 + 8) * N


def test_views_keep_all_of_what_they_view():
    # half of the channels are worked on, the other half waits in the same memory (a shuffle network's split)
    def split(m, x):
        left, right = m.a(x).chunk(2, 1)
        return torch.cat([left, m.b(right)], 1)

    assert _peak(split, channels=1, a=_conv(1, 8), b=_conv(4, 4)) == (8 + 4 + 8) * N


def test_a_channel_shuffle_copies():
    def shuffle(m, x):
        return m.a(x).view(1, 2, 4, 8, 8).transpose(1, 2).reshape(1, 8, 8, 8)

    assert _peak(shuffle, channels=1, a=_conv(1, 8)) == (8 + 8) * N


def test_pooling_and_padding_have_outputs_of_their_own():
    assert _peak(lambda m, x: functional.max_pool2d(x, 2)) == (4 + 1) * N  # and no indices
    assert _peak(lambda m, x: functional.adaptive_avg_pool2d(x, 1)) == 4 * N + 4
    assert _peak(lambda m, x: functional.pad(x, (0, 0, 0, 0, 2, 2))) == (4 + 8) * N


def test_a_shortcut_without_parameters():
    """Every other pixel, padded with channels: the slice is a view, the padding a buffer, while its input lives on."""

    def shortcut(m, x):
        y = m.b(m.a(x))
        return y + functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 2, 2))

    quarter = N // 4
    assert _peak(shortcut, a=_conv(4, 8, stride=2), b=_conv(8, 8)) == 4 * N + 2 * 8 * quarter


def test_outputs_live_to_the_end():
    def both(m, x):
        y = m.a(x)
        return y, m.c(m.b(y))

    assert _peak(both, channels=1, a=_conv(1, 4), b=_conv(4, 5), c=_conv(5, 6)) == (4 + 5 + 6) * N


def test_what_nobody_reads_is_not_stored():
    def wasted(m, x):
        m.a(x)
        return m.b(x)

    assert _peak(wasted, a=_conv(4, 50), b=_conv(4, 5)) == (4 + 5) * N


def test_what_comes_from_parameters_alone_costs_nothing():
    def binary(m, x):
        return functional.conv2d(x, torch.sign(m.a.weight) * m.a.weight.abs().mean(), padding=1)

    assert _peak(binary, a=_conv(4, 4)) == (4 + 4) * N


def _of(name: str, size: int = 224) -> int:
    with torch.device("meta"):
        network = getattr(torchvision.models, name)().eval()
    return peak_elements(trace(network, torch.zeros(1, 3, size, size)))


@pytest.mark.parametrize(
    ("name", "elements"),
    [
        ("resnet18", 64 * 112**2 + 64 * 56**2),  # 1,003,520: at the max-pool
        ("resnet50", (64 + 256 + 256) * 56**2),  # the first block's input, its output and its widened shortcut
        ("vgg16", 2 * 64 * 224**2),  # the second convolution
        ("mobilenet_v2", 96 * (112**2 + 56**2)),  # the first depthwise convolution with stride 2
        (
            "densenet121",
            (224 + 224 + 128) * 56**2,
        ),  # first block, last layer: features, copy, bottleneck
        ("squeezenet1_0", 2 * 256 * 54**2),  # a concatenation
    ],
)
def test_networks_by_hand(name, elements):
    assert _of(name) == elements


def test_resnet20_is_at_its_peak_where_the_shortcut_is_alive(cifar_resnet, image):
    network = cifar_resnet(blocks=3, width=16)
    assert peak_elements(trace(network, image)) == 3 * 16 * 32 * 32 == 49_152


def test_folding_does_not_change_the_peak(cifar_resnet, image):
    network = cifar_resnet()
    finished = finish(Compressed(network, example=image)).network
    assert peak_elements(trace(network, image)) == peak_elements(trace(finished, image))
