"""Principal components of convolutions' outputs on training images, by variance or by the loss of removing them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from bench.compress.low_rank.factors import Factors, matrix

Batches = Iterable[tuple[torch.Tensor, Any]]  # images and targets
Loss = Callable[[torch.nn.Module, torch.Tensor, Any], torch.Tensor]  # network, images, targets


@dataclass
class Moments:
    """Sums over all images and positions of a layer's outputs y (C,) and of gradients g of the mean loss.

    Attributes:
        count: number of positions.
        first: (C,) float64, sum of y.
        second: (C, C) float64, sum of y yᵀ.
        gradient: (C,) float64, sum of g.
        cross: (C, C) float64, sum of g yᵀ.
    """

    count: int
    first: torch.Tensor
    second: torch.Tensor
    gradient: torch.Tensor
    cross: torch.Tensor

    @property
    def mean(self) -> torch.Tensor:
        """(C,) μ."""
        return self.first / self.count

    @property
    def covariance(self) -> torch.Tensor:
        """(C, C) S = E[y yᵀ] - μμᵀ."""
        return self.second / self.count - torch.outer(self.mean, self.mean)

    @property
    def hessian(self) -> torch.Tensor:
        """(C, C) H such that vᵀHv is, to second order in v, what removing direction v adds to the loss."""
        # Removing v turns every output y into y - v vᵀ(y - μ), which is of second order in v. The loss therefore
        # changes, to that order, by -Σ gᵀ v vᵀ(y - μ) = vᵀ (-Σ g (y - μ)ᵀ) v, and only the symmetric part of the matrix
        # matters. So one backward pass per image gives the Hessian (halved) in closed form, which pca-compress fits by
        # descent.
        cross = self.cross - torch.outer(self.gradient, self.mean)
        return -(cross + cross.T) / 2


def moments(
    network: torch.nn.Module, names: Sequence[str], batches: Batches, *, loss: Loss | None
) -> dict[str, Moments]:
    """Moments of the outputs of convolutions by name, in eval mode; those that are never called have none.

    Args:
        loss: mean over a batch, whose gradients are summed too; None leaves these zero.
    """
    moments: dict[str, Moments] = {}
    outputs: list[tuple[str, torch.Tensor]] = []
    images = 0
    with _watching(network, names, outputs), torch.set_grad_enabled(loss is not None):
        for batch, targets in batches:
            outputs.clear()
            if loss is None:
                network(batch)
                gradients: Sequence[torch.Tensor | None] = [None] * len(outputs)
            else:
                summed = len(batch) * loss(network, batch, targets)
                gradients = torch.autograd.grad(summed, [output for _, output in outputs], allow_unused=True)
            for (name, output), gradient in zip(outputs, gradients):
                channels = channel_dimension(network.get_submodule(name))
                values = _positions(output.detach(), channels)
                slopes = torch.zeros_like(values) if gradient is None else _positions(gradient, channels)
                _add(moments, name, values, slopes)
            images += len(batch)
    for layer in moments.values():  # from the summed loss to the mean
        layer.gradient /= images
        layer.cross /= images
    return moments


def leading(outputs: Mapping[str, Moments], name: str, layer: Any, rank: int, *, hessian: bool) -> Factors:
    """The factors that keep the `rank` leading principal components of a convolution's outputs.

    Args:
        outputs: moments by layer.
        hessian: components by what removing them adds to the loss, instead of by their variance.
    """
    moments = outputs[name]
    return keeping(layer, rank, moments.hessian if hessian else moments.covariance, moments.mean)


def keeping(layer: Any, rank: int, importance: torch.Tensor, mean: torch.Tensor) -> Factors:
    """The factors that keep the `rank` leading eigenvectors of a symmetric matrix (C, C), and the mean (C,)."""
    # With U the r leading eigenvectors, U Uᵀ(y - μ) + μ is a projection of the outputs y = Wx + b; that of covariance
    # has the least squared error, which is the sum of the eigenvalues left out. As a layer of r filters, W' = UᵀW and
    # b' = Uᵀ(b - μ), followed by a 1×1 one with weight U and bias μ, it never computes y.
    directions = torch.linalg.eigh(importance).eigenvectors[:, -rank:]
    bias = torch.zeros_like(mean) if layer.bias is None else layer.bias.detach().double()
    return directions.T @ matrix(layer), directions.T @ (bias - mean), directions, mean


def channel_dimension(layer: torch.nn.Module) -> int:
    """The first after images; the last of a linear layer's outputs, which may have tokens in between."""
    return -1 if isinstance(layer, torch.nn.Linear) else 1


def _add(moments: dict[str, Moments], name: str, values: torch.Tensor, slopes: torch.Tensor) -> None:
    new = Moments(len(values), values.sum(0), values.T @ values, slopes.sum(0), slopes.T @ values)
    if name not in moments:
        moments[name] = new
        return
    for field in ("count", "first", "second", "gradient", "cross"):
        setattr(moments[name], field, getattr(moments[name], field) + getattr(new, field))


def _positions(maps: torch.Tensor, channels: int) -> torch.Tensor:
    """(n, C, ...) to (positions, C) float64."""
    return maps.movedim(channels, -1).reshape(-1, maps.shape[channels]).double()


@contextmanager
def _watching(
    network: torch.nn.Module, names: Sequence[str], outputs: list[tuple[str, torch.Tensor]]
) -> Iterator[None]:
    # a convolution that is called more than once has the components of all that it puts out
    def keep(name: str, module: torch.nn.Module, inputs: object, output: torch.Tensor) -> torch.Tensor:
        outputs.append((name, output))
        return output.clone()  # the next layer may work in place

    handles = [network.get_submodule(name).register_forward_hook(partial(keep, name)) for name in names]
    training = network.training
    network.eval()
    try:
        yield
    finally:
        network.train(training)
        for handle in handles:
            handle.remove()
