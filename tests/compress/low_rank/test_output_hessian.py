import pytest
import torch
from torch import nn

from bench.compress.low_rank import output_hessian
from bench.compress.low_rank.output_hessian import quadratic_form


def directions(count, channels):
    drawn = torch.randn(count, channels, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return nn.functional.normalize(drawn, dim=1)


def forms(vectors, matrix):
    return ((vectors @ matrix) * vectors).sum(1)


@pytest.mark.parametrize("channels", [1, 2, 7, 20])
def test_a_quadratic_form_is_found_exactly(channels):
    exact = torch.randn(channels, channels, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    exact = exact + exact.T
    vectors = directions(channels * (channels + 1), channels)
    assert torch.allclose(quadratic_form(vectors, forms(vectors, exact)), exact, atol=1e-7)


def test_noisy_values_have_the_solution_of_plain_least_squares():
    vectors, values = directions(200, 5), torch.rand(200, generator=torch.Generator().manual_seed(2)).double()
    products = torch.einsum("ni,nj->nij", vectors, vectors).flatten(1)
    exact = torch.linalg.lstsq(products, values, driver="gelsd").solution.reshape(5, 5)
    assert torch.allclose(quadratic_form(vectors, values), exact, atol=1e-7)


def test_few_directions_have_the_solution_of_least_norm():
    vectors, values = directions(10, 6), torch.arange(10.0).double()
    products = torch.einsum("ni,nj->nij", vectors, vectors).flatten(1)
    exact = (torch.linalg.pinv(products) @ values).reshape(6, 6)
    assert torch.allclose(quadratic_form(vectors, values), exact, atol=1e-6)
    assert torch.allclose(forms(vectors, exact), values)


def test_losses_have_the_values_of_their_formulas():
    before, after = torch.tensor([[0.0, 0.0], [1.0, 3.0]]), torch.tensor([[0.0, 2.0], [2.0, 4.0]])
    assert output_hessian.mse(before, after).tolist() == [2.0, 1.0]
    p, q = torch.tensor([0.5, 0.5]), torch.softmax(torch.tensor([0.0, 2.0]), 0)
    both = (p * (p / q).log()).sum() + (q * (q / p).log()).sum()
    kl = output_hessian.kl(before, after)
    assert float(kl[0]) == pytest.approx(float(both), rel=1e-6)
    assert float(kl[1]) == pytest.approx(0, abs=1e-6)  # a constant added to all logits changes nothing


def test_white_outputs_have_the_form_of_what_reads_them():
    # Of outputs y = x with covariance 1 the removal of v changes Wy by -Wv vᵀy, whose mean square is |Wv|²/K.
    torch.manual_seed(0)
    first, second = nn.Linear(4, 4, bias=False), nn.Linear(4, 3)
    nn.init.eye_(first.weight)
    network = nn.Sequential(first, second).eval()
    images = [torch.randn(2000, 4) for _ in range(10)]
    form, again = (
        output_hessian.hessian(
            network, "0", torch.zeros(4), images, losses=output_hessian.mse, directions=60_000, seed=0
        )
        for _ in range(2)
    )
    exact = (second.weight.T @ second.weight / 3).detach().double()
    assert torch.allclose(form, exact, atol=0.05 * float(exact.diagonal().max()))
    assert torch.equal(form, again)


def test_layers_of_tokens_have_channels_last():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(6, 5), nn.Flatten(), nn.Linear(20, 3)).eval()
    form = output_hessian.hessian(
        network, "0", torch.zeros(5), [torch.randn(8, 4, 6)], losses=output_hessian.mse, directions=50, seed=0
    )
    assert form.shape == (5, 5)
    assert torch.allclose(form, form.T)


def test_layers_are_replaced_from_the_last_to_the_first(monkeypatch, compressed, workbench):
    seen = []

    def look(network, name, *arguments, **options):
        seen.append((name, {at for at, module in network.named_modules() if hasattr(module, "reduce")}))
        return hessian(network, name, *arguments, **options)

    hessian = output_hessian.hessian
    monkeypatch.setattr(output_hessian, "hessian", look)
    sampling = output_hessian.DirectionSampling("mse", 64, 64, ranked=False)
    names = {"block.conv1": 3, "conv": 3, "block.conv2": 3}
    ranks, network = output_hessian.factorised(compressed.network, names, workbench, sampling)
    assert ranks == names
    assert [name for name, _ in seen] == ["block.conv2", "block.conv1", "conv"]
    assert [there for _, there in seen] == [set(), {"block.conv2"}, {"block.conv2", "block.conv1"}]
    assert {network.get_submodule(name).reduce.out_channels for name in names} == {3}
    assert not hasattr(compressed.network.conv, "reduce")
