from __future__ import annotations

import pytest
import torch
import torchvision
from torch import nn
from torch.nn import functional

from bench.footprint.trace import trace


def _on_meta(build, *args, **kwargs) -> nn.Module:
    """A network without weights: shapes alone decide what is checked here."""
    with torch.device("meta"):
        return build(*args, **kwargs).eval()


@pytest.mark.parametrize(
    ("name", "macs"),
    [
        # multiply-accumulates of convolutions and linear layers, as torchvision and fvcore count them
        ("resnet18", 1_814_073_344),
        ("resnet50", 4_089_184_256),
        ("mobilenet_v2", 300_774_272),
        ("vgg16_bn", 15_470_264_320),
        ("densenet121", 2_834_161_664),
    ],
)
def test_published_multiply_accumulates(name, macs):
    assert trace(_on_meta(getattr(torchvision.models, name)), torch.zeros(1, 3, 224, 224)).macs == macs


@pytest.mark.parametrize(
    ("layer", "shape", "macs"),
    [
        (nn.Conv2d(4, 6, 3, padding=1), (1, 4, 10, 10), 6 * 100 * 4 * 9),
        (nn.Conv2d(4, 8, 3, stride=2, groups=4), (1, 4, 9, 9), 8 * 16 * 9),
        (nn.Conv1d(4, 6, 3), (1, 4, 10), 6 * 8 * 4 * 3),
        (nn.ConvTranspose2d(4, 6, 2, stride=2), (1, 4, 5, 5), 25 * 4 * 6 * 4),
        (nn.Linear(7, 5), (1, 7), 35),
        (nn.Linear(7, 5, bias=False), (1, 3, 7), 105),
    ],
)
def test_layers_by_hand(layer, shape, macs):
    assert trace(layer, torch.zeros(shape)).macs == macs


def test_attention_is_seen_through():
    """Four projections, and twice the product of every position with every other."""
    length, width = 6, 8
    layer = nn.TransformerEncoderLayer(width, 2, 16, batch_first=True).eval()
    found = trace(layer, torch.zeros(1, length, width))
    assert found.macs == length * (4 * width * width + 2 * width * 16) + 2 * length * length * width


class Shared(nn.Module):
    """A convolution used twice, an addition, a slice, something computed from a parameter alone."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 2, 3, padding=1)
        self.gain = nn.Parameter(torch.ones(2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        gain = torch.tanh(self.gain).exp().view(1, 2, 1, 1)
        y = functional.relu(self.conv(x) + self.conv(x))
        return y[:, :, 1:] * gain


def test_operations_in_order():
    found = trace(Shared(), torch.zeros(1, 2, 4, 4))
    assert [operation.name for operation in found.operations] == ["convolution", "convolution", "add", "relu", "mul"]
    assert [operation.module for operation in found.operations] == ["conv", "conv", "", "", ""]
    assert found.operations[0].parameters == ("conv.weight", "conv.bias")
    assert [operation.elementwise for operation in found.operations] == [False, False, True, True, True]
    assert [call.module for call in found.calls] == ["conv", "conv", ""]


def test_views_share_a_buffer_and_are_no_operations():
    found = trace(Shared(), torch.zeros(1, 2, 4, 4))
    relu, product = found.operations[-2:]
    assert product.inputs[0].buffer == relu.outputs[0].buffer
    assert product.inputs[0].shape == (1, 2, 3, 4)
    assert len(found.elements) == 6  # the input, two convolutions, a sum, a ReLU and a product


def test_operations_in_place_write_their_inputs_buffer():
    network = nn.Sequential(nn.Conv2d(2, 2, 1), nn.ReLU(inplace=True))
    convolution, relu = trace(network, torch.zeros(1, 2, 4, 4)).operations
    assert relu.inputs == relu.outputs == convolution.outputs


def test_the_network_is_left_as_it_was(cifar_resnet, image):
    network = cifar_resnet().train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    given = image.clone()
    trace(network, image)
    trace(nn.ReLU(inplace=True), image)
    assert all(module.training for module in network.modules())
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())
    assert torch.equal(given, image)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in network.modules())


def test_a_network_that_fails_leaves_no_hooks():
    network = nn.Sequential(nn.Linear(3, 4), nn.Linear(5, 6))
    with pytest.raises(RuntimeError):
        trace(network, torch.zeros(1, 3))
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in network.modules())


def test_networks_that_return_more_than_one_tensor():
    class Two(nn.Module):
        def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
            return {"one": x + 1, "two": x.flatten()}

    found = trace(Two(), torch.zeros(1, 3))
    assert set(found.outputs) == {0, 1}


def test_writing_into_a_constant_makes_it_part_of_the_graph():
    class Placed(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            canvas = torch.zeros(1, 8, 4, 4)
            canvas[:, :3] = x
            return canvas.sum()

    found = trace(Placed(), torch.ones(1, 3, 4, 4))
    assert found.operations[-1].inputs[0].buffer == found.operations[0].outputs[0].buffer
    assert found.elements[found.operations[-1].inputs[0].buffer] == 128


@pytest.mark.parametrize("layout", [torch.sparse_coo, torch.sparse_csr])
def test_sparse_tensors_are_values_by_the_numbers_that_they_hold(layout):
    class Sparse(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.relu().to_sparse(layout=layout).to_dense() + 1

    found = trace(Sparse(), torch.eye(4))
    assert [operation.name for operation in found.operations][-1] == "add"
    kept = found.operations[-2].inputs[0]
    assert kept.shape == (4, 4) and found.elements[kept.buffer] == 4
