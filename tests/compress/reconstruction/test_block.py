import torch
from torch import nn

from bench.compress.quantization.integers import Grid
from bench.compress.reconstruction.block import LayerBlock
from bench.compress.reconstruction.layer import Layer

GRID = Grid(bits=4, per_channel=True)
NONE = torch.empty(0)


class Overwriting(nn.Module):
    """A block that writes into what it reads."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1, bias=False)

    def forward(self, maps):
        return maps.add_(1).add_(self.conv2(torch.relu(self.conv1(maps))))


def test_outputs_are_those_with_other_weights_and_the_target_is_the_original():
    module = Overwriting()
    inputs, original = torch.randn(200, 3, 2, 2), torch.randn(200, 3, 2, 2)
    kept = original.clone()
    layers = tuple(Layer(f"{name}.weight", getattr(module, name), NONE, NONE, GRID) for name in ("conv1", "conv2"))
    block = LayerBlock("", module, layers, inputs, original, torch.relu)
    assert not block.single
    with torch.no_grad():
        torch.testing.assert_close(block.target(), torch.relu(module(original.clone())))
        assert torch.equal(block.original, kept)
        other = Overwriting()
        other.conv1.bias = module.conv1.bias
        found = block.outputs(inputs.clone(), [other.conv1.weight, other.conv2.weight])
        torch.testing.assert_close(found, torch.relu(other(inputs.clone())))
        assert not torch.equal(module.conv1.weight, other.conv1.weight)
    other = LayerBlock(
        "stage.0",
        module,
        tuple(Layer(f"stage.0.{x.name}", x.module, NONE, NONE, GRID) for x in layers),
        inputs,
        original,
    )
    assert torch.equal(other.outputs(inputs.clone(), [x.module.weight for x in layers]), module(inputs.clone()))


def test_a_layer_alone_is_a_block():
    module = nn.Linear(3, 5)
    inputs, original = torch.randn(4, 3), torch.randn(4, 3)
    block = LayerBlock.of(Layer("a.b.weight", module, inputs, original, GRID, activation=torch.tanh))
    assert (block.name, block.single) == ("a.b", True)
    assert torch.equal(block.target(), torch.tanh(module(original)))
    assert torch.equal(
        block.outputs(inputs, [2 * module.weight]), torch.tanh(inputs @ (2 * module.weight).T + module.bias)
    )


def test_channels_are_where_the_last_layer_puts_them():
    linear, conv = nn.Linear(3, 5), nn.Conv2d(3, 5, 1)

    def axis(module, *shape, block=None):
        layer = Layer("x.weight", module, NONE, NONE, GRID)
        return LayerBlock("", block or module, (layer,), NONE, NONE).channel_axis(torch.empty(shape))

    assert axis(linear, 2, 3, 5) == -1
    assert axis(conv, 2, 5, 7, 5) == 1
    assert axis(linear, 2, 7, 7, 5, block=nn.Identity()) == -1
    assert axis(linear, 2, 5, 7, 7, block=nn.Identity()) == 1
    assert axis(linear, 2, 9, 7, 7, block=nn.Identity()) == 1
