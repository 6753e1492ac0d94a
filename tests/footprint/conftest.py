"""Small networks of every shape that footprints have to cope with."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn import functional


class Residual(nn.Module):
    """A block with a shortcut that drops every other pixel and pads channels, where it halves the resolution."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.stride, self.extra = stride, (outputs - inputs) // 2

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(x)))))
        if self.stride > 1:
            x = functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.extra, self.extra))
        return functional.relu(out + x)


class CifarResNet(nn.Module):
    """ResNet of 6n + 2 layers for 32×32 images (He et al., 2016), shortcuts without parameters."""

    def __init__(self, blocks: int = 3, classes: int = 100, width: int = 16):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        stages = []
        for stage in range(3):
            before, after = max(width * 2 ** (stage - 1), width), width * 2**stage
            stages.append(Residual(before, after, 2 if stage else 1))
            stages += [Residual(after, after) for _ in range(blocks - 1)]
        self.stages = nn.Sequential(*stages)
        self.fc = nn.Linear(4 * width, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stages(functional.relu(self.bn1(self.conv1(x))))
        return self.fc(functional.adaptive_avg_pool2d(x, 1).flatten(1))


def lived_in(network: nn.Module, seed: int = 0) -> nn.Module:
    """The network with statistics and scales (some negative) as training might leave them, in eval mode."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                for values, low, high in ((module.running_mean, -0.5, 0.5), (module.running_var, 0.2, 2.0)):
                    if values is not None:
                        values.uniform_(low, high, generator=generator)
                if module.affine:
                    module.weight.uniform_(-0.5, 1.5, generator=generator)
                    module.bias.uniform_(-0.5, 0.5, generator=generator)
    return network.eval()


@pytest.fixture
def cifar_resnet() -> Callable[..., nn.Module]:
    """Builds a fresh one, seeded."""

    def build(blocks: int = 1, classes: int = 10, width: int = 4) -> nn.Module:
        torch.manual_seed(0)
        return lived_in(CifarResNet(blocks, classes, width))

    return build


@pytest.fixture
def live() -> Callable[..., nn.Module]:
    """Gives a network statistics as training might leave them."""
    return lived_in


@pytest.fixture
def image() -> torch.Tensor:
    """One image of 32×32."""
    return torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def relative_error() -> Callable[..., float]:
    """Largest difference of two networks' outputs on noise, as a share of the largest output."""

    def error(one: nn.Module, other: nn.Module, *shape: int) -> float:
        x = torch.randn(*shape, generator=torch.Generator().manual_seed(2))
        with torch.no_grad():
            expected, found = one(x), other(x)
        return float((expected - found).abs().max() / expected.abs().max())

    return error
