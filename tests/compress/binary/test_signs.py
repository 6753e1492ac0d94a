import math

import pytest
import torch

from bench.compress.binary.signs import ScaledSigns, Signs


def backward(binarisation, weight, gradient):
    weight = weight.clone().requires_grad_()
    binarisation(weight).backward(gradient)
    return weight.grad


def test_the_sign_of_zero_is_plus_one():
    weight = torch.tensor([[-0.5, 0.0, -0.0, 2.0]])
    assert Signs(weight, stochastic=False)(weight).tolist() == [[-1.0, 1.0, 1.0, 1.0]]
    assert ScaledSigns()(torch.zeros(1, 3)).sum() == pytest.approx(0, abs=1e-9)
    assert (ScaledSigns()(torch.tensor([[0.0, -2.0]])) == torch.tensor([[1.0, -1.0]])).all()


def test_a_filter_is_its_mean_magnitude_times_its_signs():
    weight = torch.tensor([[[[1.0, -3.0]]], [[[0.5, 0.0]]]])
    assert ScaledSigns()(weight).flatten().tolist() == [2.0, -2.0, 0.25, 0.25]


def test_gaussian_weights_lose_one_minus_two_over_pi_of_their_variance():
    weight = torch.randn(4, 200_000, generator=torch.Generator().manual_seed(0))
    error = (ScaledSigns()(weight) - weight).square().mean() / weight.var()
    assert float(error) == pytest.approx(1 - 2 / math.pi, rel=0.01)


def test_no_other_scale_of_the_signs_loses_less():
    weight = torch.randn(1, 50, generator=torch.Generator().manual_seed(1))
    best = (ScaledSigns()(weight) - weight).square().sum()
    for factor in (0.9, 1.1):
        assert (ScaledSigns()(weight) * factor - weight).square().sum() > best


def test_the_gradient_at_the_signs_is_the_real_weights():
    weight, gradient = torch.tensor([[0.3, -5.0], [0.0, 1.0]]), torch.tensor([[1.0, 2.0], [-3.0, 0.5]])
    pace = (2 + 2) / 1.5  # fan in and fan out
    torch.testing.assert_close(backward(Signs(weight, stochastic=False), weight, gradient), gradient * pace)


def test_the_gradient_of_scaled_signs_is_the_papers_times_the_weights_of_a_filter():
    weight, gradient = torch.tensor([[0.5, -0.1, 1.0, -2.0]]), torch.tensor([[1.0, 2.0, -3.0, 4.0]])
    n, alpha, inside = 4, 0.9, torch.tensor([[1.0, 1.0, 0.0, 0.0]])
    torch.testing.assert_close(backward(ScaledSigns(), weight, gradient), n * gradient * (1 / n + alpha * inside))


def test_drawn_signs_are_plus_one_with_half_of_one_plus_the_weight_and_only_in_training():
    weight = torch.tensor([-1.5, -1.0, -0.4, 0.0, 0.6, 1.0]).repeat(20_000, 1)
    signs = Signs(weight, stochastic=True)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        share = (signs(weight) > 0).float().mean(0)
    torch.testing.assert_close(share, torch.tensor([0.0, 0.0, 0.3, 0.5, 0.8, 1.0]), atol=0.015, rtol=0)
    signs.eval()
    assert torch.equal(signs(weight) > 0, weight >= 0)


def test_the_start_keeps_signs_and_fills_the_range():
    weight = torch.randn(8, 50, generator=torch.Generator().manual_seed(0)) * 1e-3
    spread = weight.clone()
    Signs(weight, stochastic=False).start(spread)
    assert torch.equal(spread > 0, weight > 0)
    assert spread.abs().max() == 1
    assert 0.4 < float(spread.std()) < 0.6


def test_real_weights_are_clipped():
    weight = torch.tensor([[3.0, -3.0, 0.5]])
    Signs(weight, stochastic=False).tidy(weight)
    assert weight.tolist() == [[1.0, -1.0, 0.5]]


def test_scaled_signs_are_those_of_weights_less_their_mean_over_input_channels():
    weight = torch.tensor([[[[4.0, 1.0]], [[0.0, 2.0]]]])  # 2 input channels, a 1×2 kernel
    ScaledSigns().tidy(weight)
    assert weight.tolist() == [[[[1.0, -0.5]], [[-1.0, 0.5]]]]


def test_depthwise_filters_are_not_centred_to_nothing():
    weight = torch.tensor([[[[4.0, -0.5]]], [[[0.25, 2.0]]]])
    ScaledSigns().tidy(weight)
    assert weight.flatten().tolist() == [1.0, -0.5, 0.25, 1.0]
