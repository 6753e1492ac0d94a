import pytest
import torch
from torch import nn

from bench.compress.method import NotApplicable
from bench.compress.quantization.inputs import ClippedInput, LearnedInput, least_squares, started
from bench.footprint.compressed import Compressed

X = torch.tensor([[-2.0, 0.0, 0.3, 0.6], [1.4, 2.6, 3.0, 5.0]])  # in steps of 1: 2 unsigned bits are 0 to 3


def learned(bits=2, step=1.0, offset=None, signed=False):
    quantiser = LearnedInput(bits, offset is not None)
    quantiser.signed = signed
    nn.init.constant_(quantiser.step, step)
    if offset is not None:
        nn.init.constant_(quantiser.offset, offset)
    return quantiser


def backward(quantiser, x, upstream):
    x = x.clone().requires_grad_()
    quantiser(x).backward(upstream)
    return x.grad


def single(position):
    upstream = torch.zeros(8)
    upstream[position] = 1
    return upstream.view(2, 4)


def test_lsq_starts_at_twice_the_mean_over_the_root_of_the_highest():
    quantiser = LearnedInput(2)
    quantiser.start(X.abs())
    assert not quantiser.signed
    assert quantiser.step.item() == pytest.approx(2 * X.abs().mean().item() / 3**0.5)
    quantiser.start(X)
    assert quantiser.signed  # -2 to 1
    assert quantiser.step.item() == pytest.approx(2 * X.abs().mean().item())


def test_lsq_rounds_inputs_and_its_gradients_are_strict_at_the_bounds():
    quantiser = learned()
    assert quantiser(X).tolist() == [[0, 0, 0, 1], [1, 3, 3, 3]]
    assert backward(quantiser, X, torch.ones(2, 4)).tolist() == [[0, 0, 1, 1], [1, 1, 0, 0]]
    expected = [0, 0, 0 - 0.3, 1 - 0.6, 1 - 1.4, 3 - 2.6, 3, 3]  # the bound outside and at it
    for position, value in enumerate(expected):
        quantiser.step.grad = None
        quantiser(X).backward(single(position))
        assert quantiser.step.grad.item() == pytest.approx(value / (8 * 3) ** 0.5, abs=1e-6)


def test_lsq_plus_moves_the_offset_outside_of_the_range_alone():
    quantiser = learned(offset=-1.0)  # x - β is -1, 1, 1.3, 1.6, 2.4, 3.6, 4, 6
    assert quantiser(X).tolist() == [[-1, 0, 0, 1], [1, 2, 2, 2]]
    assert backward(quantiser, X, torch.ones(2, 4)).tolist() == [[0, 1, 1, 1], [1, 0, 0, 0]]
    steps = [0, 0, 1 - 1.3, 2 - 1.6, 2 - 2.4, 3, 3, 3]
    for position, (to_step, to_offset) in enumerate(zip(steps, [1, 0, 0, 0, 0, 1, 1, 1], strict=True)):
        quantiser.step.grad = quantiser.offset.grad = None
        quantiser(X).backward(single(position))
        assert quantiser.step.grad.item() == pytest.approx(to_step / (8 * 3) ** 0.5, abs=1e-6)
        assert quantiser.offset.grad.item() == pytest.approx(to_offset / (8 * 3) ** 0.5, abs=1e-6)


def test_least_squares_meet_a_grid_exactly():
    codes = torch.tensor([0.0, 1, 1, 2, 3, 5, 7, 7])
    step, offset = least_squares(0.25 * codes - 0.5, 3)
    assert (step.item(), offset.item()) == pytest.approx((0.25, -0.5))


def test_least_squares_are_at_least_as_near_as_the_range_and_as_small_changes():
    x = nn.functional.silu(torch.randn(4, 3, 9, 9, generator=torch.Generator().manual_seed(0)))

    def error(step, offset):
        return float((((x - offset) / step).clamp(0, 7).round() * step + offset - x).square().sum())

    step, offset = least_squares(x, 3)
    assert error(step, offset) < 0.8 * error((x.max() - x.min()) / 7, x.min())
    for factor in (0.99, 1.01):
        assert error(step, offset) < error(factor * step, offset)
        assert error(step, offset) < error(step, offset + (factor - 1) * step)


def number_by_number(x, bits):
    """Lloyd's rounds as they are defined, over all numbers."""
    values, levels = x.flatten().double(), 2**bits - 1
    offset, step = values.min(), (values.max() - values.min()) / levels
    for _ in range(100):
        codes = ((values - offset) / step).clamp(0, levels).round()
        spread = codes - codes.mean()
        before, step = step, ((values - values.mean()) * spread).sum() / spread.square().sum()
        offset = values.mean() - step * codes.mean()
        if torch.isclose(step, before, rtol=1e-6, atol=0):
            break
    return step.float(), offset.float()


@pytest.mark.parametrize("bits", [2, 4, 8])
@pytest.mark.parametrize("activation", [nn.ReLU(), nn.SiLU(), nn.Identity()])
def test_least_squares_by_running_sums_are_those_number_by_number(activation, bits):
    x = activation(torch.randn(8, 5, 9, 9, generator=torch.Generator().manual_seed(bits)))
    step, offset = least_squares(x, bits)
    expected = number_by_number(x, bits)
    torch.testing.assert_close((step[0], offset[0]), expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("value", [0.0, 2.0, -1.0])
def test_constant_inputs_have_a_grid(value):
    quantiser = LearnedInput(4, offset=True)
    quantiser.start(torch.full((2, 3), value))
    torch.testing.assert_close(quantiser(torch.full((2, 3), value)), torch.full((2, 3), value))


def test_pact_by_hand():
    quantiser = ClippedInput(2, 3.0, trained=True)  # steps of 1
    torch.testing.assert_close(quantiser(X), torch.tensor([[0.0, 0, 0, 1], [1, 3, 3, 3]]))
    upstream = torch.tensor([[1.0, 2, 3, 4], [5, 6, 7, 8]])
    assert backward(quantiser, X, upstream).tolist() == [[0, 0, 3, 4], [5, 6, 0, 0]]
    assert quantiser.limit.grad.item() == 7 + 8  # what is at α counts


def test_dorefa_clips_to_one_and_trains_nothing():
    quantiser = ClippedInput(2, 1.0, trained=False)
    assert not list(quantiser.parameters())
    x = torch.tensor([-1.0, 0.1, 0.2, 0.6, 1.0, 2.0])
    torch.testing.assert_close(quantiser(x), torch.tensor([0, 0, 1 / 3, 2 / 3, 1, 1]))
    assert backward(quantiser, x, torch.ones(6)).tolist() == [0, 1, 1, 1, 0, 0]
    one_bit = ClippedInput(1, 1.0, trained=False)
    assert one_bit(torch.tensor([0.4, 0.6, 3.0])).tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    "quantiser",
    [
        learned(4, 0.3),
        learned(4, -0.3, signed=True),
        learned(3, 0.4, offset=-0.7),
        ClippedInput(4, 2.0, trained=True),
        ClippedInput(4, -2.0, trained=True),
        ClippedInput(5, 1.0, trained=False),
    ],
)
def test_what_is_stored_is_what_training_saw(quantiser):
    x = 3 * torch.randn(5, 4, 6, 6, generator=torch.Generator().manual_seed(0))
    assert torch.equal(quantiser.grid()(x), quantiser(x).detach())
    assert len(quantiser(x).unique()) > 4


class Two(nn.Module):
    """Reads the image, then what a ReLU lets through, twice."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1)
        self.seen = []

    def forward(self, x):
        x = self.first(x)
        for _ in range(2):
            x = x.relu()
            self.seen.append(x)
            x = self.second(x)
        return x


def test_grids_start_on_what_each_layer_reads_first(workbench):
    network = Two()
    quantisers = started(
        Compressed(network), workbench, {name: lambda: LearnedInput(4) for name in ("first", "second")}
    )
    images = next(workbench.batches(64))[0]
    assert quantisers["first"].signed and not quantisers["second"].signed
    assert quantisers["first"].step.item() == pytest.approx(2 * images.abs().mean().item() / 7**0.5)
    assert quantisers["second"].step.item() == pytest.approx(2 * network.seen[0].mean().item() / 15**0.5)
    assert not network.second._forward_pre_hooks


def test_layers_that_do_not_run_get_no_grid(workbench):
    network = Two()
    network.unused = nn.Conv2d(3, 3, 1)
    names = ("second", "unused")
    quantisers = started(Compressed(network), workbench, {name: lambda: LearnedInput(4) for name in names})
    assert quantisers.keys() == {"second"}


def test_a_clip_at_zero_is_refused_where_inputs_are_negative(workbench):
    with pytest.raises(NotApplicable, match="first reads negative numbers"):
        started(Compressed(Two()), workbench, {"first": lambda: ClippedInput(4, 1.0, trained=False)})


def test_layers_that_are_no_plain_ones_are_refused(workbench):
    class Other(nn.Conv2d):
        pass

    network = nn.Sequential(Other(3, 3, 1))
    with pytest.raises(NotApplicable, match="0 is a Other, no plain"):
        started(Compressed(network), workbench, {"0": lambda: LearnedInput(4)})


@pytest.mark.parametrize("bits", [2, 4, 8])
@pytest.mark.parametrize("signed", [False, True])
def test_a_fitted_step_is_the_nearest_of_a_hundred(bits, signed):
    x = torch.randn(5000, generator=torch.Generator().manual_seed(0))
    x = x if signed else x.relu()
    learned, fitted = LearnedInput(bits), LearnedInput(bits, fitted=True)
    for one in (learned, fitted):
        one.start(x)

    def error(step):
        lowest, highest = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
        return float(((x / step).clamp(lowest, highest).round() * step - x).square().mean())

    widest = float(x.abs().max()) / (2 ** (bits - 1) - 1 if signed else 2**bits - 1)
    best = min(error(widest * number / 100) for number in range(1, 101))
    assert error(float(fitted.step)) <= 1.02 * best
    assert error(float(fitted.step)) < error(float(learned.step))
