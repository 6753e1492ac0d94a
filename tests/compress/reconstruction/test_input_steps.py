import pytest
import torch
from torch import nn

from bench.compress.quantization.inputs import LearnedInput
from bench.compress.quantization.integers import Grid
from bench.compress.reconstruction import adaptive_rounding, input_steps
from bench.compress.reconstruction.adaptive_rounding import RoundingSchedule
from bench.compress.reconstruction.block import LayerBlock
from bench.compress.reconstruction.input_steps import InputSteps
from bench.compress.reconstruction.layer import Layer

GRID = Grid(bits=8, per_channel=False)
EMPTY = torch.empty(0)


def identity(maps, bits=2, wrapped=False):
    """A layer that puts out what it reads, with the codes of its weight, and a quantiser of its input."""
    module = nn.Linear(maps.shape[1], maps.shape[1], bias=False)
    with torch.no_grad():
        module.weight.copy_(torch.eye(maps.shape[1]))
    weights = {"0.weight": GRID(module.weight)}
    quantiser = LearnedInput(bits)
    quantiser.start(maps)
    if wrapped:
        block = LayerBlock("", nn.Sequential(module), (Layer("0.weight", module, EMPTY, EMPTY, GRID),), maps, maps)
    else:
        block = LayerBlock.of(Layer("0.weight", module, maps, maps, GRID))
    return block, weights, quantiser


def missed(maps, step, highest):
    return float(((maps / step).clamp(0, highest).round() * step - maps).square().mean())


@pytest.mark.parametrize("wrapped", [False, True])
def test_the_step_that_is_learned_has_nearly_the_least_error(wrapped):
    """Known answer: what comes out is what is read, so the best step is that of the least squared error."""
    maps = torch.randn(256, 8, generator=torch.Generator().manual_seed(0)).relu()
    block, weights, quantiser = identity(maps, wrapped=wrapped)
    start = missed(maps, float(quantiser.step.detach()), 3)
    steps = InputSteps({"0": quantiser}, learning_rate=0.02, steps=80)
    input_steps.learned(block, weights, steps, batch_size=256, float_share=0.0, seed=0)
    least = min(missed(maps, step, 3) for step in torch.linspace(0.1, 2, 400).tolist())
    found = missed(maps, float(quantiser.step.detach().abs()), 3)
    assert least - 1e-6 <= found < 1.02 * least < 0.8 * start
    # the layer goes on reading rounded numbers
    assert block.layers[0].module(maps).unique().numel() == 4


def test_the_learning_rate_falls_along_a_cosine():
    maps = torch.rand(4, 2)
    block, _, quantiser = identity(maps)
    steps = InputSteps({"0": quantiser}, learning_rate=0.4, steps=100)
    optimizer = steps.optimizer(block)
    rates = []
    for step in (0, 25, 50, 100):
        steps.slow_down(optimizer, step)
        rates.append(optimizer.param_groups[0]["lr"])
    assert rates == pytest.approx([0.4, 0.4 * 0.8535534, 0.2, 0])


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_numbers_are_left_as_they_are_by_chance_while_a_block_learns(share):
    maps = torch.rand(200, 10, generator=torch.Generator().manual_seed(0)) + 0.1
    block, _, quantiser = identity(maps)
    with torch.no_grad():
        quantiser.step.fill_(100.0)  # all is rounded to zero
    steps = InputSteps({"0": quantiser}, learning_rate=0.1, steps=1)
    steps.attach(block, share, seed=0)
    module = block.layers[0].module
    with torch.no_grad():
        first, second = module.input_quantizer(maps), module.input_quantizer(maps)
        assert ((first == 0) | (first == maps)).all()
        assert float((first == maps).float().mean()) == pytest.approx(share, abs=0.06)  # 2000 numbers
        assert torch.equal(first, second) == (share in (0, 1))
        steps.settle(block)
        assert not module.input_quantizer(maps).any()


@pytest.mark.parametrize("jointly", [False, True])
def test_what_has_learned_rounds_all_that_it_reads(jointly):
    block, weights, quantiser = identity(torch.rand(20, 3))
    steps = InputSteps({"0": quantiser}, learning_rate=0.01, steps=2)
    if jointly:
        schedule = RoundingSchedule(steps=2, batch_size=8, learning_rate=0.01, regularization=0.0, warmup=0.0)
        adaptive_rounding.learned(block, schedule=schedule, float_share=0.5, seed=0, inputs=steps)
    else:
        input_steps.learned(block, weights, steps, batch_size=8, float_share=0.5, seed=0)
    assert block.layers[0].module.input_quantizer is quantiser
