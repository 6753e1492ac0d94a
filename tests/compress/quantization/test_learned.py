import pytest
import torch

from bench.compress.quantization.learned import LearnedStep, Ternary, TrainedTernary


def backward(quantiser, weight, gradient):
    weight = weight.clone().requires_grad_()
    quantiser(weight).backward(gradient)
    return weight.grad


def with_step(weight, step, bits=3):
    quantiser = LearnedStep(weight, bits, per_channel=False)
    torch.nn.init.constant_(quantiser.step, step)
    return quantiser


WEIGHT = torch.tensor([[-9.0, -4.0, -3.6, -0.6], [0.4, 1.5, 2.9, 3.2]])  # in steps of 1: 3 bits are -4 to 3


def test_weights_are_clipped_and_rounded():
    assert with_step(WEIGHT, 1.0)(WEIGHT).tolist() == [[-4, -4, -4, -1], [0, 2, 3, 3]]
    assert with_step(WEIGHT, 2.0)(WEIGHT).tolist() == [[-8, -4, -4, 0], [0, 2, 2, 4]]


def test_the_step_starts_at_twice_the_mean_over_the_root_of_the_highest():
    quantiser = LearnedStep(WEIGHT, 3, per_channel=False)
    assert quantiser.step.tolist() == pytest.approx([2 * WEIGHT.abs().mean().item() / 3**0.5])
    by_filter = LearnedStep(WEIGHT, 3, per_channel=True)
    assert by_filter.step.flatten().tolist() == pytest.approx([2 * 4.3 / 3**0.5, 2 * 2.0 / 3**0.5])


def test_weights_outside_or_at_the_bound_get_no_gradient():
    quantiser = with_step(WEIGHT, 1.0)
    gradient = torch.ones(2, 4)
    # 3.2 rounds to the bound 3 and lies outside; -4 is the bound itself
    assert backward(quantiser, WEIGHT, gradient).tolist() == [[0, 0, 1, 1], [1, 1, 1, 0]]


def test_the_gradient_to_the_step():
    quantiser = with_step(WEIGHT, 1.0)
    each = [-4, -4, -4 + 3.6, -1 + 0.6, 0 - 0.4, 2 - 1.5, 3 - 2.9, 3]
    for position, expected in enumerate(each):
        gradient = torch.zeros(8)
        gradient[position] = 1
        quantiser.step.grad = None
        quantiser(WEIGHT).backward(gradient.view(2, 4))
        assert quantiser.step.grad.item() == pytest.approx(expected / (8 * 3) ** 0.5, abs=1e-5)


def test_a_step_for_each_filter_gathers_its_own():
    weight = torch.randn(3, 2, 2, 2, generator=torch.Generator().manual_seed(0))
    together = LearnedStep(weight, 4, per_channel=True)
    together(weight).square().sum().backward()
    for channel in range(3):
        alone = LearnedStep(weight[channel : channel + 1], 4, per_channel=False)
        alone(weight[channel : channel + 1]).square().sum().backward()
        torch.testing.assert_close(alone.step.grad, together.step.grad[channel].view(1))


def test_a_step_below_zero_counts_by_its_size():
    quantiser = with_step(WEIGHT, -1.0)
    assert quantiser(WEIGHT).tolist() == with_step(WEIGHT, 1.0)(WEIGHT).tolist()
    assert quantiser.stored(WEIGHT).scale.tolist() == pytest.approx([1.0])


@pytest.mark.parametrize(
    "make",
    [
        lambda weight: LearnedStep(weight, 3, per_channel=True),
        lambda weight: LearnedStep(weight, 2, per_channel=False),
        lambda weight: Ternary(per_channel=False),
        lambda weight: Ternary(per_channel=True),
        TrainedTernary,
    ],
)
@pytest.mark.parametrize("weight", [torch.randn(4, 3, 3, 3), torch.zeros(2, 3), -torch.rand(2, 5)])
def test_what_is_stored_is_what_training_saw(make, weight):
    quantiser = make(weight)
    assert torch.equal(torch.from_numpy(quantiser.stored(weight).decode()), quantiser(weight).detach())


def test_three_values_by_hand():
    weight = torch.tensor([[1.0, -0.2, 0.5], [-3.0, 0.1, 0.0]])
    # mean |W| is 0.8: the threshold is 0.56, and α the mean of 1 and 3
    assert Ternary(per_channel=False)(weight).tolist() == [[2, 0, 0], [-2, 0, 0]]
    first = 0.75  # the filter's own threshold is 0.7 · 0.567 = 0.397: the mean of 1 and 0.5
    assert Ternary(per_channel=True)(weight).tolist() == [[first, 0, first], [-3, 0, 0]]


def test_gaussian_weights_lose_a_fifth_of_their_variance():
    weight = torch.randn(1, 400_000, generator=torch.Generator().manual_seed(0))
    error = (Ternary(per_channel=False)(weight) - weight).square().mean() / weight.var()
    # Δ = 0.7·E|W| = 0.559σ, α = E[|W| : |W| > Δ] = 1.185σ, P(|W| > Δ) = 0.576: 1 - P·α² = 0.19
    assert error.item() == pytest.approx(0.19, abs=0.003)


def test_ternary_gradients_pass_straight_through():
    gradient = torch.randn(2, 4)
    assert torch.equal(backward(Ternary(per_channel=False), WEIGHT, gradient), gradient)


def test_trained_scales_and_their_gradients():
    weight = torch.tensor([[10.0, -2.0, 0.4], [4.0, -0.6, -0.5]])  # the threshold is 0.5
    quantiser = TrainedTernary(weight)
    positive, negative = 7.0, 1.3
    torch.testing.assert_close(
        quantiser(weight), torch.tensor([[positive, -negative, 0], [positive, -negative, 0]]), rtol=1e-6, atol=1e-6
    )
    gradient = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    expected = torch.tensor([[7.0, 2 * negative, 3], [28, 5 * negative, 6]])
    torch.testing.assert_close(backward(quantiser, weight, gradient), expected)
    assert quantiser.positive.grad.item() == 1 + 4
    assert quantiser.negative.grad.item() == -(2 + 5)
    assert quantiser.stored(weight).codebook.flatten().tolist() == pytest.approx([0, 7, -1.3, 0])
