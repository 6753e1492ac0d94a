import pytest
import torch
from torch import nn

from bench.footprint.structure import rebuild
from bench.footprint.structure.binary_activations import BinaryInput, StraightThroughSign


def test_the_sign_of_zero_is_plus_one():
    assert StraightThroughSign.apply(torch.tensor([-2.0, -0.0, 0.0, 0.5])).tolist() == [-1.0, 1.0, 1.0, 1.0]


def test_the_gradient_passes_where_the_value_is_at_most_one():
    x = torch.tensor([-1.5, -1.0, 0.0, 1.0, 1.01], requires_grad=True)
    StraightThroughSign.apply(x).backward(torch.full((5,), 2.0))
    assert x.grad.tolist() == [0.0, 2.0, 2.0, 2.0, 0.0]


def test_normalisation_then_sign_then_the_layer():
    layer = nn.Conv2d(2, 1, 1, bias=False)
    block = BinaryInput(layer).eval()
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([1.0, 10.0]).reshape(1, 2, 1, 1))
        block.norm.running_mean.copy_(torch.tensor([5.0, -5.0]))
    x = torch.tensor([[4.0, 4.0], [6.0, -6.0]]).reshape(2, 2, 1, 1)
    assert block(x).flatten().tolist() == [-1.0 + 10.0, 1.0 - 10.0]


def test_layers_become_parts_of_what_replaces_them():
    network = nn.Sequential(nn.Conv2d(3, 4, 3, groups=1), nn.Flatten(), nn.Linear(4, 2)).eval()
    step = {"kind": "binary-activations", "layers": ["0", "2"]}
    rebuilt = rebuild(network, [step])
    assert isinstance(rebuilt[0].norm, nn.BatchNorm2d) and isinstance(rebuilt[2].norm, nn.BatchNorm1d)
    assert {"0.layer.weight", "2.layer.bias"} <= set(rebuilt.state_dict())
    assert rebuilt(torch.zeros(1, 3, 3, 3)).shape == (1, 2)
    assert not any(module.training for module in rebuilt.modules())


@pytest.mark.parametrize("layers", [["0", "0"], ["1"], ["7"]])
def test_what_is_no_layer_is_refused(layers):
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
    with pytest.raises(ValueError, match="binary-activations"):
        rebuild(network, [{"kind": "binary-activations", "layers": layers}])
