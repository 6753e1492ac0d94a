"""Precision and compilation: near float32, and refused in a sentence where the machine has neither."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest
import torch
from torch import nn

from bench.errors import InputError
from bench.training import arithmetic
from bench.training._passes import Passes, make_passes
from bench.training.arithmetic import check, computes_bfloat16, has_compiler
from bench.training.loop import train
from bench.training.optimizer import make_optimizer
from bench.training.recipe import Recipe
from tests.training.test_checkpoints import NORMAL, RECIPE, small, state

CPU = torch.device("cpu")
BFLOAT16, COMPILED = replace(RECIPE, precision="bfloat16"), replace(RECIPE, compile=True)
with_bfloat16 = pytest.mark.skipif(not computes_bfloat16(CPU), reason="needs a processor with bfloat16")
with_compiler = pytest.mark.skipif(not has_compiler(), reason="needs a C++ compiler")


def trained(split, recipe, make=small):
    network = make()
    return network, train(network, split, recipe=recipe, seed=5, **NORMAL)


def plain() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 10))


def distance(first: nn.Module, second: nn.Module) -> float:
    """Of all weights together, as a share of their size."""
    ours, theirs = (torch.cat([p.detach().flatten() for p in network.parameters()]) for network in (first, second))
    return float((ours - theirs).norm() / theirs.norm())


@with_bfloat16
def test_bfloat16_is_near_float32_and_repeats_itself(few):
    network, history = trained(few, BFLOAT16)
    exact, expected = trained(few, RECIPE)
    assert 1e-6 < distance(network, exact) < 0.05
    assert [row["loss"] for row in history] == pytest.approx([row["loss"] for row in expected], rel=0.02)
    assert {parameter.dtype for parameter in network.parameters()} == {torch.float32}
    assert state(network) == state(trained(few, BFLOAT16)[0])


@with_bfloat16
def test_layers_multiply_in_bfloat16():
    seen = []

    def objective(network, images, targets):
        outputs = network(images)
        seen.append(outputs.dtype)
        return outputs.float().square().mean()

    layer = nn.Linear(2, 2)
    for bfloat16 in (True, False):
        passes = Passes(layer, objective, make_optimizer(layer, RECIPE), CPU, bfloat16=bfloat16)
        passes(torch.ones(1, 2), None)
    assert seen == [torch.bfloat16, torch.float32]


@pytest.mark.slow
@with_compiler
def test_a_compiled_network_is_near_the_same_and_repeats_itself(few):
    # Dropout is left out where both are compared: compiled, it draws other numbers.
    assert distance(trained(few, COMPILED, plain)[0], trained(few, RECIPE, plain)[0]) < 1e-3
    assert state(trained(few, COMPILED)[0]) == state(trained(few, COMPILED)[0])


@pytest.mark.slow
@with_compiler
def test_how_the_network_was_compiled_is_logged(caplog):
    layer = nn.Linear(2, 2)
    passes = Passes(layer, lambda network, x, _: network(x).mean(), make_optimizer(layer, RECIPE), CPU, compiled=True)
    with caplog.at_level(logging.WARNING):
        passes(torch.ones(3, 2), None)
    assert "graphs made 1, places that run uncompiled 0" in caplog.text
    torch.testing.assert_close(layer.bias.grad, torch.full((2,), 0.5))


def test_a_network_that_cannot_be_compiled_is_one_sentence(few, monkeypatch):
    def refuse(*_, **__):
        raise torch._dynamo.exc.Unsupported("it prints\n  and more lines")

    monkeypatch.setattr(torch, "compile", lambda *_, **__: refuse)
    monkeypatch.setattr(arithmetic, "has_compiler", lambda: True)
    with pytest.raises(InputError, match=r"^compile = true: torch.compile cannot translate this network \(it prints"):
        trained(few, COMPILED)


@pytest.mark.parametrize(
    ("recipe", "lacking", "words"),
    [
        (BFLOAT16, "computes_bfloat16", 'this processor only emulates it.*take precision = "float32"'),
        (COMPILED, "has_compiler", r"compile = true needs a C\+\+ compiler"),
    ],
)
def test_what_this_machine_lacks_is_refused(few, monkeypatch, recipe, lacking, words):
    monkeypatch.setattr(arithmetic, lacking, lambda *_: False)
    with pytest.raises(InputError, match=words):
        trained(few, recipe)
    check(Recipe(), CPU)


def test_what_is_compiled_is_not_recorded():
    passes = Passes(small(), lambda *_: torch.zeros(()), make_optimizer(small(), RECIPE), CPU)
    passes.device, passes.compiled = torch.device("cuda"), True
    assert make_passes(passes, 10_000, None) is passes
