from dataclasses import replace
from functools import partial

import pytest
import torch
from torch import nn

from bench.compress.method import NotApplicable
from bench.compress.quantization.integers import Grid
from bench.compress.reconstruction import adaptive_rounding, block_rounding, forward_pass
from bench.compress.reconstruction.adaptive_rounding import RoundingSchedule
from bench.compress.reconstruction.block import LayerBlock
from bench.compress.reconstruction.importance import importances
from bench.compress.reconstruction.layer import Layer
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish

SCHEDULE = RoundingSchedule(steps=60, batch_size=16, learning_rate=0.05, regularization=0.01, warmup=0.2)
IMAGES = 64


class Residual(nn.Module):
    """A block of one layer, first in its network, so that both networks read the same."""

    def __init__(self, join):
        super().__init__()
        self.conv, self.join = nn.Conv2d(3, 3, 3, padding=1), join

    def forward(self, maps):
        return self.join(maps, self.conv)


def network(join, seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        parts = Residual(join), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(12, 4)
        return nn.Sequential(*parts).eval()


def by_blocks(network, workbench, *, bits=3, weighted=False, float_share=0.0, schedule=SCHEDULE):
    start = Compressed(network, example=workbench.example)
    grids = forward_pass.grids(start, workbench.example, Grid(bits, True, True, True))
    settings = {"schedule": schedule, "float_share": float_share, "weighted": weighted}
    return block_rounding.quantized(start, workbench, grids, IMAGES, **settings)


def by_layers(network, workbench, *, asymmetric=True):
    start = Compressed(network, example=workbench.example)
    fit = partial(adaptive_rounding.fitted, schedule=SCHEDULE, asymmetric=asymmetric, seed=0)
    return forward_pass.on_grid(start, workbench, Grid(3, True, True, True), IMAGES, fit, paired=True)


def codes(result):
    return {name: integer.codes.tolist() for name, integer in result.representations.items()}


def test_a_block_of_one_layer_is_rounded_as_the_layer(workbench):
    """What the block adds to its layer is the same in both networks, and falls out of the error."""
    start = network(lambda maps, conv: maps + conv(maps))
    assert codes(by_blocks(start, workbench)) == codes(by_layers(start, workbench))
    # control: an activation after the addition is the block's affair, and the layer's alone is not followed by any
    start = network(lambda maps, conv: torch.relu(maps - 1 + conv(maps)))
    assert codes(by_blocks(start, workbench))["0.conv.weight"] != codes(by_layers(start, workbench))["0.conv.weight"]


def test_without_a_block_layers_are_rounded_one_by_one(workbench):
    start = network(lambda maps, conv: conv(maps))
    assert codes(by_blocks(start, workbench)) == codes(by_layers(start, workbench))
    others = codes(by_layers(start, workbench, asymmetric=False))
    assert codes(by_blocks(start, workbench, float_share=1.0)) == others
    assert codes(by_blocks(start, workbench)) != others


def test_blocks_may_write_into_what_they_read(workbench):
    plain = by_blocks(network(lambda maps, conv: maps - 1 + conv(maps - 1)), workbench)
    in_place = by_blocks(network(lambda maps, conv: maps.sub_(1) + conv(maps)), workbench)
    assert codes(plain) == codes(in_place)
    images = next(workbench.batches(8))[0]
    with torch.no_grad():
        torch.testing.assert_close(plain.network(images.clone()), in_place.network(images.clone()))


def test_errors_weigh_as_much_as_the_loss_minds_them(workbench):
    """Known answer: the loss reads the first of two channels alone, and the other one's weights stay undecided."""
    start = network(lambda maps, conv: maps + conv(maps))
    with torch.no_grad():
        start[3].weight.reshape(4, 3, 4)[:, 1:] = 0
    important = importances(start, ["0"], workbench, images=IMAGES)["0"]
    assert important[:, 0].all()
    assert not important[:, 1:].any()
    free = RoundingSchedule(steps=40, batch_size=16, learning_rate=0.05, regularization=0.0, warmup=0.0)
    layer = Layer("0.conv.weight", start[0].conv, torch.empty(0), torch.empty(0), Grid(3, True))
    images = torch.cat([batch for batch, _ in workbench.batches(IMAGES)])
    block = LayerBlock("0", start[0], (layer,), images, images)
    (up,) = adaptive_rounding.learned(block, schedule=free, float_share=0.0, seed=0, importance=important)
    scaled = layer.weight / layer.rounding.scale
    kept = (up - (scaled - scaled.floor())).abs().amax(2)[0] < 1e-5
    assert kept.tolist() == [False, True, True]
    (up,) = adaptive_rounding.learned(block, schedule=free, float_share=0.0, seed=0)
    assert ((up - (scaled - scaled.floor())).abs().amax(2)[0] > 1e-5).all()


def test_weights_of_outputs_follow_their_images(compressed, workbench, monkeypatch):
    """The method's importances belong to the images of the same rows."""
    seen = {}

    def fit(block, *, importance, **_):
        seen[block.name] = (block.original, importance)
        return {layer.name: layer.rounding.nearest for layer in block.layers}

    monkeypatch.setattr(block_rounding, "fitted_together", fit)
    folded, grids = forward_pass.prepared(compressed, workbench, Grid(3, True))
    settings = {"schedule": SCHEDULE, "float_share": 0.0}
    block_rounding.quantized(folded, workbench, grids, 200, **settings, weighted=True)
    assert list(seen) == ["conv", "block", "fc"]
    expected = importances(folded.network, seen, workbench, images=200)
    for name, (original, importance) in seen.items():
        assert len(original) == len(importance) == 200
        assert torch.equal(importance, expected[name])
    seen.clear()
    block_rounding.quantized(folded, workbench, grids, 200, **settings, weighted=False)
    assert all(importance is None for _, importance in seen.values())


def test_nothing_is_left_between_the_integers(compressed, workbench):
    layers = [(f"block.conv{number}.weight", getattr(compressed.network.block, f"conv{number}")) for number in (1, 2)]
    none = torch.empty(0)
    parts = tuple(Layer(name, module, none, none, Grid(3, True)) for name, module in layers)
    maps = torch.randn(32, 8, 4, 4, generator=torch.Generator().manual_seed(0))
    block = LayerBlock("block", compressed.network.block, parts, maps, maps)
    strong = RoundingSchedule(steps=150, batch_size=16, learning_rate=0.05, regularization=30.0, warmup=0.2)
    ups = adaptive_rounding.learned(block, schedule=strong, float_share=0.0, seed=0)
    assert [up.shape for up in ups] == [(1, 8, 72), (1, 8, 72)]
    assert all(((up == 0) | (up == 1)).all() for up in ups)
    fitted = adaptive_rounding.fitted_together(block, schedule=strong, float_share=0.0, seed=0)
    assert [integer.codes.shape for integer in fitted.values()] == [(8, 8, 3, 3), (8, 8, 3, 3)]


def test_nothing_of_learning_is_left_behind(compressed, workbench):
    folded = finish(compressed)
    result = by_blocks(folded.network, workbench)
    for network in (folded.network, result.network):
        assert all(parameter.grad is None for parameter in network.parameters())
        assert not any(module._forward_hooks or module._forward_pre_hooks for module in network.modules())
    frozen = folded.network.requires_grad_(False)
    assert codes(by_blocks(frozen, workbench)) == codes(result)


def detached(maps, conv):
    with torch.no_grad():
        return maps + conv(maps)


@pytest.mark.parametrize(
    ("join", "reason"),
    [
        (detached, "0 computes without gradients"),
        (
            lambda maps, conv: maps.add_(conv(maps)),
            "rounding in 0 cannot be computed: RuntimeError: one of the variables",
        ),
    ],
)
def test_a_block_without_gradients_is_refused(join, reason, workbench):
    with pytest.raises(NotApplicable, match=reason):
        by_blocks(network(join), workbench, schedule=replace(SCHEDULE, warmup=0.0))
