import pytest
import torch
from torch import nn

from bench.compress.low_rank import principal_components


def outputs(network, names, workbench):
    return principal_components.moments(network, names, workbench.batches(64), loss=workbench.loss)


def difference(layer, rank, found, images):
    first, shift, second, bias = (
        tensor.float() for tensor in principal_components.leading({"": found}, "", layer, rank, hessian=False)
    )
    low = nn.functional.conv2d(images, first.reshape(rank, *layer.weight.shape[1:]), shift, padding=1)
    low = nn.functional.conv2d(low, second[..., None, None], bias)
    return float(((low - layer(images)) ** 2).sum(1).mean().detach())


@pytest.mark.parametrize("bias", [False, True])
def test_the_error_is_the_sum_of_dropped_eigenvalues(bias, workbench):
    torch.manual_seed(0)
    layer = nn.Conv2d(3, 6, 3, padding=1, bias=bias)
    network = nn.Sequential(layer, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    found = outputs(network, ["0"], workbench)["0"]
    images = next(workbench.batches(64))[0]
    values = torch.linalg.eigvalsh(found.covariance)
    errors = [difference(layer, rank, found, images) for rank in range(1, 7)]
    assert errors[:5] == pytest.approx([float(values[: 6 - rank].sum()) for rank in range(1, 6)], rel=1e-4)
    assert errors == sorted(errors, reverse=True)
    assert errors[5] < 1e-10


def test_the_hessian_is_that_of_the_loss_of_removing_a_direction(tiny, workbench):
    found = outputs(tiny, ["block.conv1"], workbench)["block.conv1"]
    images, labels = next(workbench.batches(64))
    mean = found.mean.float()

    def loss(direction):
        def remove(module, given, output):
            along = torch.einsum("c,nchw->nhw", direction, output - mean[:, None, None])
            return output - direction[:, None, None] * along[:, None]

        handle = tiny.block.conv1.register_forward_hook(remove)
        value = nn.functional.cross_entropy(tiny(images), labels)
        handle.remove()
        return value

    exact = torch.autograd.functional.hessian(loss, torch.zeros(8)) / 2
    torch.testing.assert_close(found.hessian.float(), exact, rtol=1e-3, atol=1e-6)
