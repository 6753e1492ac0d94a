import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from bench.compress.low_rank.factors import ranks, truncated_svd
from bench.footprint.compressed import Compressed


@pytest.mark.parametrize("layer", [nn.Linear(12, 8), nn.Conv2d(3, 8, 3, bias=False)], ids=["linear", "convolution"])
def test_the_error_is_the_dropped_singular_values(layer):
    matrix = layer.weight.detach().flatten(1).double()
    sizes = torch.linalg.svdvals(matrix)
    for rank in range(1, 9):
        reduce, shift, expand, bias = truncated_svd("", layer, rank)
        error, dropped = ((expand @ reduce - matrix) ** 2).sum(), (sizes[rank:] ** 2).sum()
        assert float(error) == pytest.approx(float(dropped), abs=1e-9)
        assert not shift.any()
        assert torch.equal(bias.float(), torch.zeros(8) if layer.bias is None else layer.bias)


def of_singular_values(sizes, outputs=12, inputs=20):
    """A linear layer whose weight has these singular values, as far as float32 can hold them."""
    generator = torch.Generator().manual_seed(len(sizes))
    left, right = (
        torch.linalg.qr(torch.randn(side, side, generator=generator).double()).Q[:, : len(sizes)]
        for side in (outputs, inputs)
    )
    layer = nn.Linear(inputs, outputs)
    with torch.no_grad():
        layer.weight.copy_(left * torch.tensor(sizes).double() @ right.T)
    return layer


def excess(layer, rank):
    """Distance of the float32 factors' product from the weight beyond the smallest, as a share of the weight's norm."""
    matrix = layer.weight.detach().flatten(1).double()
    reduce, _, expand, _ = (part.float().double() for part in truncated_svd("", layer, rank))
    left, sizes, right = torch.linalg.svd(matrix, full_matrices=False)
    best = left[:, :rank] * sizes[:rank] @ right[:rank]
    reached, smallest = (torch.linalg.matrix_norm(matrix - product) for product in (expand @ reduce, best))
    return float((reached - smallest) / torch.linalg.matrix_norm(matrix).clamp(min=1e-300))


SPECTRA = {
    "equal": [1.0] * 12,
    "one": [3.0] + [0.0] * 11,
    "rank deficient": [5.0, 4.0, 3.0, 2.0, 1.0] + [0.0] * 7,
    "falling by a hundred each": [100.0**-power for power in range(12)],
    "tiny tail": [1.0] * 6 + [1e-9] * 6,
    "huge and tiny": [1e18] * 3 + [1.0] * 3 + [1e-18] * 6,
    "below what float32 squares": [1e-30 / (1 + power) for power in range(12)],
    "almost equal at the cut": [1 + 1e-12 * power for power in range(12)],
    "nothing": [0.0] * 12,
}


@pytest.mark.parametrize("shape", [(12, 20), (20, 12), (12, 12)], ids=["wide", "tall", "square"])
@pytest.mark.parametrize("spectrum", SPECTRA, ids=lambda name: name.replace(" ", "-"))
def test_it_is_the_full_decomposition_to_within_float32(spectrum, shape):
    layer = of_singular_values(SPECTRA[spectrum], *shape)
    for rank in (1, 3, 6, 11):
        assert excess(layer, rank) < 1e-7


@given(
    st.integers(1, 9).flatmap(
        lambda outputs: st.integers(1, 9).flatmap(
            lambda inputs: st.lists(
                st.floats(-1e3, 1e3, width=32), min_size=outputs * inputs, max_size=outputs * inputs
            ).map(lambda numbers: torch.tensor(numbers).reshape(outputs, inputs))
        )
    ),
    st.data(),
)
@settings(max_examples=100, deadline=None)
def test_no_weight_is_approximated_worse(weight, data):
    layer = nn.Linear(*reversed(weight.shape))
    layer.weight = nn.Parameter(weight)
    assert excess(layer, data.draw(st.integers(1, min(weight.shape)))) < 1e-7


def test_both_factors_share_the_norm_of_each_direction():
    layer = of_singular_values([4.0, 2.0, 1.0, 0.5])
    reduce, _, expand, _ = truncated_svd("", layer, 4)
    for norms in (reduce.norm(dim=1), expand.norm(dim=0)):
        assert (norms**2).tolist() == pytest.approx([4, 2, 1, 0.5], rel=1e-5)


@pytest.mark.parametrize(("share", "rank"), [(0.29, 29), (0.57, 57), (0.58, 58), (0.295, 29), (0.001, 1)])
def test_a_rank_is_rounded_down_from_the_exact_share(share, rank):
    layer = torch.nn.Linear(400, 100)
    network = torch.nn.Sequential(layer)
    assert ranks(Compressed(network), share, {"0": layer}) == {"0": rank}
