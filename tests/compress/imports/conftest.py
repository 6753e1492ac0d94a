import io

import pytest
import torch
from torch import nn

from bench.zoo.networks import build


def saved(content):
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def trained(seed=0):
    """A resnet8 whose normalisation has statistics of its own."""
    network = build.build("resnet8", 3, 10, 16, seed).train()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for _ in range(3):
            network(torch.randn(16, 3, 16, 16, generator=generator))
    return network.eval()


def rounded(network, bits=4, *, per_channel=True):
    """Fake-quantised in place, as training with quantisation leaves it."""
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                weight = module.weight
                axes = tuple(range(1, weight.ndim)) if per_channel else tuple(range(weight.ndim))
                scale = weight.abs().amax(axes, keepdim=True) / (2 ** (bits - 1) - 1)
                weight.copy_((weight / scale).round() * scale)
    return network


def weights(network):
    return {
        name: module.weight for name, module in network.named_modules() if isinstance(module, (nn.Conv2d, nn.Linear))
    }


@pytest.fixture
def images():
    return torch.randn(4, 3, 16, 16, generator=torch.Generator().manual_seed(5))


@pytest.fixture
def example():
    return torch.zeros(1, 3, 16, 16)
