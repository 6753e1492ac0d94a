from functools import partial

import pytest
import torch
from torch import nn

from bench.compress.method import NotApplicable
from bench.compress.quantization.integers import Grid
from bench.compress.reconstruction import column_updates, forward_pass, inputs, optimal_brain, surgeon
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish

GRID = Grid(bits=3, per_channel=True)


def kept(layers, layer):
    layers.append(layer)
    return layer.rounding.nearest


def test_layers_come_in_the_order_of_the_pass_with_the_inputs_that_it_has_there(compressed, workbench):
    layers = []
    result = forward_pass.on_grid(compressed, workbench, GRID, 200, partial(kept, layers), paired=True)
    names = ["conv.weight", "block.conv1.weight", "block.conv2.weight", "fc.weight"]
    assert [layer.name for layer in layers] == names == list(result.representations)
    images = torch.cat([batch for batch, _ in workbench.batches(200)])
    # known answer: hooks on the finished networks see what each layer was fitted to
    for network, field in ((result.network, "inputs"), (finish(compressed).network, "original")):
        for layer in layers:
            read = []
            module = network.get_submodule(layer.name.removesuffix(".weight"))
            handle = module.register_forward_pre_hook(lambda _, given, read=read: read.append(given[0].clone()))
            with torch.no_grad():
                network(images)
            handle.remove()
            torch.testing.assert_close(getattr(layer, field), read[0], rtol=1e-5, atol=1e-5)
    assert not torch.allclose(layers[-1].inputs, layers[-1].original, rtol=1e-2)


def test_one_network_alone_sees_the_same_inputs(compressed, workbench):
    single, both = [], []
    first = forward_pass.on_grid(compressed, workbench, GRID, 20, partial(kept, single))
    second = forward_pass.on_grid(compressed, workbench, GRID, 20, partial(kept, both), paired=True)
    for one, two in zip(single, both, strict=True):
        assert not len(one.original)
        torch.testing.assert_close(one.inputs, two.inputs, rtol=1e-5, atol=1e-5)
    assert torch.equal(first.network.fc.weight, second.network.fc.weight)


def test_the_given_network_stays_and_no_hook_is_left(compressed, workbench):
    before = {name: tensor.clone() for name, tensor in compressed.network.state_dict().items()}
    result = forward_pass.on_grid(compressed, workbench, GRID, 20, partial(kept, []))
    assert all(torch.equal(before[name], tensor) for name, tensor in compressed.network.state_dict().items())
    assert not any(module._forward_hooks for module in result.network.modules())
    assert not result.network.training


def test_the_ends_have_bits_of_their_own(compressed, workbench):
    result = forward_pass.on_grid(compressed, workbench, GRID, 20, partial(kept, []), ends=8)
    assert [integer.bits for integer in result.representations.values()] == [8, 3, 3, 8]


def test_what_is_stored_otherwise_stays(compressed, workbench):
    folded = finish(compressed)
    integer = Grid(bits=8, per_channel=False)(folded.network.conv.weight)
    with torch.no_grad():
        folded.network.conv.weight.copy_(torch.from_numpy(integer.decode()))
    start = folded.but(representations={"conv.weight": integer})
    result = forward_pass.on_grid(start, workbench, GRID, 20, partial(kept, []), ends=4)
    assert result.representations["conv.weight"] is integer
    assert [each.bits for each in result.representations.values()] == [8, 3, 3, 4]
    with pytest.raises(NotApplicable, match="all weights are stored otherwise already"):
        forward_pass.on_grid(result, workbench, GRID, 20, partial(kept, []))


class Other(nn.Module):
    """A network with a layer that no method of this engine can fit."""

    def __init__(self, layer, forward=None):
        super().__init__()
        self.first, self.layer, self.pool = nn.Conv2d(3, 4, 3), layer, nn.AdaptiveAvgPool2d(1)
        self.act = forward or (lambda layer, maps: layer(maps))

    def forward(self, images):
        return self.pool(self.act(self.layer, self.first(images))).flatten(1)


class Doubled(nn.Conv2d):
    def forward(self, maps):
        return 2 * super().forward(maps)


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        (
            Other(nn.ConvTranspose2d(4, 4, 3), lambda layer, maps: layer(maps, output_size=[8, 8])),
            r"layer\.weight is given the size of its output",
        ),
        (Other(Doubled(4, 4, 3)), r"layer\.weight is a Doubled's"),
        (Other(nn.Conv2d(4, 4, 1), lambda _, maps: maps), r"layer\.weight has no inputs"),
        (Other(nn.Conv2d(4, 4, 1), lambda layer, maps: layer(layer(maps))), "the inputs of several layers or calls"),
        (Other(nn.Linear(6, 2), lambda layer, maps: layer(maps.transpose(0, 2))), "along another axis than its first"),
        (Other(nn.Conv2d(4, 4, 1), lambda layer, maps: layer(maps / 0)), "reads numbers that are not finite"),
    ],
)
def test_it_refuses_in_a_sentence(network, reason, workbench):
    start = Compressed(network.eval(), example=workbench.example)
    with pytest.raises(NotApplicable, match=reason):
        forward_pass.on_grid(start, workbench, GRID, 20, partial(kept, []))


def test_transposed_convolutions_are_quantised_by_filters_of_their_first_axis(workbench):
    start = Compressed(Other(nn.ConvTranspose2d(4, 6, 2, stride=2)).eval(), example=workbench.example)
    layers = []
    result = forward_pass.on_grid(start, workbench, GRID, 20, partial(kept, layers), paired=True)
    layer = layers[1]
    assert layer.weight.shape == (1, 4, 24)
    assert result.representations["layer.weight"].scale.shape == (4,)
    found = inputs.outputs(layer.module, layer.original, start.network.layer.weight)
    with torch.no_grad():
        assert torch.equal(found, start.network.layer(layer.original))
    for fit in (column_updates.fitted, optimal_brain.fitted):
        more = {"actorder": True} if fit is column_updates.fitted else {}
        assert (fit(layer, damping=0.01, **more).codes == layer.rounding.nearest.codes).all()
    pruned = surgeon.pruned(layer, sparsity=0.5, pattern=None, damping=0.01)
    assert torch.equal(pruned, layer.module.weight)


def test_more_weights_per_filter_than_can_be_factorised_are_refused(compressed, workbench):
    with pytest.raises(NotApplicable, match=r"block\.conv1\.weight has 72 weights per filter.*50 at most"):
        forward_pass.on_grid(compressed, workbench, GRID, 20, partial(kept, []), columns=50)


def test_weights_that_are_not_finite_are_refused_by_name(compressed, workbench):
    with torch.no_grad():
        compressed.network.block.conv2.weight[0, 0, 0, 0] = torch.nan
    with pytest.raises(NotApplicable, match=r"block\.conv2\.weight holds a number that is not finite"):
        forward_pass.on_grid(compressed, workbench, GRID, 20, partial(kept, []))
