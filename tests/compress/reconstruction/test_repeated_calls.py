"""Layers of a pyramid's head are fitted to what all of their calls read."""

from functools import partial

import pytest
import torch
from torch import nn

from bench.compress.quantization.integers import Grid
from bench.compress.reconstruction import adaptive_rounding, column_updates, equalization, forward_pass, inputs
from bench.compress.reconstruction.adaptive_rounding import RoundingSchedule
from bench.compress.reconstruction.block import LayerBlock
from bench.compress.reconstruction.layer import Layer
from bench.compress.reconstruction.repeated_calls import enclosing, feeds_itself
from bench.footprint.compressed import Compressed
from bench.footprint.trace import trace

GRID = Grid(bits=3, per_channel=True)
LAYERS = ("first", "head.conv", "head.score", "last")


class Head(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.score = nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(4, 2, 1)

    def forward(self, levels):
        return [self.score(torch.relu(self.conv(maps))) for maps in levels]


class Pyramid(nn.Module):
    """Two levels of feature maps, of which one head reads both."""

    def __init__(self):
        super().__init__()
        self.first, self.head, self.last = nn.Conv2d(3, 4, 3), Head(), nn.Linear(2, 3)

    def forward(self, images):
        maps = self.first(images)
        scores = self.head([maps, nn.functional.max_pool2d(maps, 2)])
        return self.last(sum(each.mean((2, 3)) for each in scores))


@pytest.fixture
def start(workbench):
    torch.manual_seed(0)
    return Compressed(Pyramid().eval(), example=workbench.example)


def test_the_innermost_module_that_runs_once_encloses_all_calls(start, workbench):
    traced = trace(start.network, workbench.example)
    assert enclosing(traced, LAYERS) == {"head.conv": "head", "head.score": "head"}
    assert not any(feeds_itself(traced, name) for name in LAYERS)


def test_a_layer_that_reads_its_own_output_is_found(workbench):
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.other = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1)

        def forward(self, images):
            return self.conv(torch.relu(self.other(self.conv(images)))) + self.other(images)

    traced = trace(Twice(), workbench.example)
    assert enclosing(traced, ["conv", "other"]) == {"conv": "", "other": ""}
    assert feeds_itself(traced, "conv") and not feeds_itself(traced, "other")


def read_by(network, images):
    """What each layer reads, by name, in each of its calls."""
    read = {name: [] for name in LAYERS}
    handles = [
        network.get_submodule(name).register_forward_pre_hook(
            lambda _, given, name=name: read[name].append(given[0].clone())
        )
        for name in LAYERS
    ]
    with torch.no_grad():
        network(images)
    for handle in handles:
        handle.remove()
    return read


@pytest.mark.parametrize("paired", [False, True])
def test_layers_see_all_calls_behind_all_that_was_quantised_before(start, workbench, paired):
    layers = []

    def kept(layer):
        layers.append(layer)
        return layer.rounding.nearest

    result = forward_pass.on_grid(start, workbench, GRID, 20, kept, paired=paired)
    assert [layer.name for layer in layers] == [f"{name}.weight" for name in LAYERS] == list(result.representations)
    images = torch.cat([batch for batch, _ in workbench.batches(20)])
    # known answer: hooks on the finished networks see what each layer was fitted to, call by call
    rounded, floats = read_by(result.network, images), read_by(start.network, images)
    for name, layer in zip(LAYERS, layers, strict=True):
        assert len(layer.calls) == (2 if name.startswith("head") else 1)
        for (ours, original), expected, before in zip(layer.calls, rounded[name], floats[name], strict=True):
            torch.testing.assert_close(ours, expected, rtol=1e-5, atol=1e-5)
            if paired:
                torch.testing.assert_close(original, before, rtol=1e-5, atol=1e-5)
    assert not torch.allclose(rounded["head.score"][1], floats["head.score"][1], rtol=1e-2)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in result.network.modules())


def layer_of(calls, module=None):
    torch.manual_seed(0)
    (maps, original), *further = calls
    return Layer("weight", module or nn.Conv2d(4, 6, 1), maps, original, GRID, further=tuple(further))


@pytest.fixture
def maps():
    """Two levels of 12 images, of 9 and of 4 positions; in the second all channels are nearly alike."""
    generator = torch.Generator().manual_seed(0)
    first, second = (torch.randn(12, 4, side, side, generator=generator) for side in (3, 2))
    return [first, 5 * (second.mean(1, keepdim=True) + 0.1 * second)]


def test_the_hessian_is_that_of_all_positions(maps):
    layer = nn.Conv2d(4, 6, 1)
    together = torch.cat([level.flatten(2) for level in maps], 2)[..., None]
    torch.testing.assert_close(inputs.hessian(layer, *maps), inputs.hessian(layer, together), rtol=1e-6, atol=1e-8)
    assert not torch.allclose(inputs.hessian(layer, *maps), inputs.hessian(layer, maps[0]), rtol=0.1)


def test_columns_are_rounded_as_for_one_call_with_all_positions(maps):
    together = torch.cat([level.flatten(2) for level in maps], 2)[..., None]
    fit = partial(column_updates.fitted, damping=0.01, actorder=True)
    both, one, first = (
        fit(layer_of(calls)).decode()
        for calls in ([(level, level) for level in maps], [(together, together)], [(maps[0], maps[0])])
    )
    assert (both == one).all()
    assert (both != first).any()


def test_rounding_is_learned_from_the_second_call_too(maps):
    # the first call's inputs are zeros: all that is learned comes from the second
    nothing, level = torch.zeros_like(maps[0]), maps[1]
    schedule = RoundingSchedule(steps=400, batch_size=12, learning_rate=0.02, regularization=0.0, warmup=0.0)
    shares = [
        adaptive_rounding.learned(LayerBlock.of(layer_of(calls)), schedule=schedule, float_share=0.0, seed=0)[0]
        for calls in ([(nothing, nothing), (level, 1.1 * level)], [(nothing, nothing)])
    ]
    nearest = layer_of([(level, level)])
    start = (nearest.weight / nearest.rounding.scale).frac() % 1
    torch.testing.assert_close(shares[1].double(), start, rtol=0, atol=1e-3)
    assert float((shares[0].double() - start).abs().mean()) > 0.05


def test_biases_make_up_for_the_mean_over_all_calls(maps):
    layer = layer_of([(level, level + 1) for level in maps])
    weight, bias = layer.module.weight.detach().clone(), layer.module.bias.detach().clone()
    integer = equalization.corrected(layer)
    rounded = torch.from_numpy(integer.decode())
    every = torch.cat([level.movedim(1, 0).flatten(1) for level in maps], 1).double()
    wanted = (weight.flatten(1).double() @ (every + 1)).mean(1)
    found = (rounded.flatten(1).double() @ every).mean(1)
    torch.testing.assert_close(layer.module.bias.detach(), (bias + wanted - found).float(), rtol=1e-4, atol=1e-4)
