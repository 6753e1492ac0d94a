import pytest
import torch
from torch import nn

from bench.compress.reconstruction import inputs

LAYERS = {
    "linear": (nn.Linear(5, 3, bias=False), (7, 5)),
    "tokens": (nn.Linear(5, 3, bias=False), (2, 7, 5)),
    "strided": (nn.Conv2d(3, 4, 3, stride=2, padding=1, bias=False), (2, 3, 7, 6)),
    "dilated": (nn.Conv2d(3, 4, (3, 2), padding="same", dilation=2, bias=False), (2, 3, 7, 6)),
    "reflected": (nn.Conv2d(3, 4, 3, padding=1, padding_mode="reflect", bias=False), (2, 3, 7, 6)),
    "grouped": (nn.Conv2d(4, 6, 3, groups=2, bias=False), (2, 4, 5, 5)),
    "depthwise": (nn.Conv2d(4, 8, 3, padding=1, groups=4, bias=False), (2, 4, 5, 5)),
    "sequence": (nn.Conv1d(3, 4, 3, padding=1, bias=False), (2, 3, 9)),
    "volume": (nn.Conv3d(2, 3, 2, bias=False), (2, 2, 4, 4, 3)),
}


@pytest.mark.parametrize("kind", LAYERS)
def test_unfolded_inputs_times_weights_are_the_outputs(kind):
    layer, shape = LAYERS[kind]
    maps = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    rows = inputs.unfolded(layer, maps)
    products = rows @ inputs.matrices(layer, layer.weight).mT
    outputs = layer(maps)
    expected = outputs if isinstance(layer, nn.Linear) else outputs.movedim(1, -1)
    torch.testing.assert_close(products.transpose(0, 1).flatten(1), expected.flatten(0, -2), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("elements", [1, 2**23])
def test_the_hessian_is_that_of_the_mean_squared_error(kind, elements, monkeypatch):
    """Known answer: the second derivative of the mean over rows of the summed squared error is 2 XᵀX / n."""
    monkeypatch.setattr(inputs, "ELEMENTS", elements)
    layer, shape = LAYERS[kind]
    maps = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    rows = inputs.unfolded(layer, maps).double()
    (groups, count, columns) = rows.shape
    expected = torch.stack(
        [
            torch.autograd.functional.hessian(
                lambda change, group=group: (rows[group] @ change).square().mean(),
                torch.zeros(columns, dtype=torch.float64),
            )
            for group in range(groups)
        ]
    )
    found = inputs.hessian(layer, maps)
    assert found.dtype == torch.float64
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)
    assert torch.equal(found, found.mT)
    assert (
        count
        == maps.shape[0]
        * torch.Size(layer(maps).shape[2:] if not isinstance(layer, nn.Linear) else maps.shape[1:-1]).numel()
    )
