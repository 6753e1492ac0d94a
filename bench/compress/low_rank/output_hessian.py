"""What removing a direction from a layer's outputs does to the network's outputs, as a quadratic form.

The form is sampled: a random direction is removed for each image, the change of the network's outputs is measured, and
the symmetric matrix that explains these changes best is the answer. It needs no labels and no gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from typing import Any, Literal

import numpy as np
import torch
from torch.nn import functional as F

from bench.compress.low_rank import factors
from bench.compress.low_rank.principal_components import channel_dimension, keeping, moments
from bench.compress.low_rank.rounds import called
from bench.compress.method import NotApplicable
from bench.compress.workbench import Workbench

Losses = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]  # outputs before and after (b, ...), to (b,)


def mse(before: torch.Tensor, after: torch.Tensor) -> torch.Tensor:
    """Mean squared difference of an image's outputs, (b, ...) to (b,)."""
    return (before - after).flatten(1).square().mean(1)


def kl(before: torch.Tensor, after: torch.Tensor) -> torch.Tensor:
    """KL(p‖q) + KL(q‖p) of the softmaxes p and q of an image's logits, in nats, (b, classes) to (b,)."""
    # with logits a and b up to normalisation this is Σ (p - q)(log p - log q), in which no term is negative
    p, q = F.log_softmax(before, dim=1), F.log_softmax(after, dim=1)
    return ((p.exp() - q.exp()) * (p - q)).flatten(1).sum(1)


LOSSES: Mapping[str, Losses] = {"mse": mse, "kl": kl}


@dataclass(frozen=True)
class DirectionSampling:
    """How the matrix is sampled; see `pca-hessian` for the fields."""

    loss: Literal["mse", "kl"]
    directions: int
    images: int
    ranked: bool


def factorised(
    network: torch.nn.Module, ranks: Mapping[str, int], workbench: Workbench, sampling: DirectionSampling
) -> tuple[dict[str, int], torch.nn.Module]:
    """The ranks of those layers that the network calls, and a copy with factors in their place.

    Layers are replaced from the last to the first, each seen in the network with factors behind it.

    Raises:
        NotApplicable: it calls none of them, or its outputs are no tensor, or no logits of two or more classes and the
            loss is KL.
    """
    network.eval()
    images = [images for images, _ in workbench.batches(sampling.images)]
    outputs = moments(network, list(ranks), ((batch, None) for batch in images), loss=None)
    ranks = called(ranks, outputs)
    _check_outputs(network, images[0], sampling.loss)

    # What is before a layer has not changed yet, and its outputs' means are those of the network that was given.
    for number, name in reversed(list(enumerate(name for name in outputs if name in ranks))):
        mean = outputs[name].mean
        importance = hessian(
            network,
            name,
            mean.to(images[0]),
            images,
            losses=LOSSES[sampling.loss],
            directions=sampling.directions,
            seed=np.random.SeedSequence([workbench.seed, number]).generate_state(1).item(),
            ranked=sampling.ranked,
        )
        choose = partial(_keeping, importance.to(mean), mean)
        network = factors.factorised(network, {name: ranks[name]}, choose)
    return ranks, network


def _keeping(importance: torch.Tensor, mean: torch.Tensor, name: str, layer: Any, rank: int) -> factors.Factors:
    return keeping(layer, rank, importance, mean)


@torch.no_grad()
def hessian(
    network: torch.nn.Module,
    name: str,
    mean: torch.Tensor,
    batches: Sequence[torch.Tensor],
    *,
    losses: Losses,
    directions: int,
    seed: int,
    ranked: bool = False,
) -> torch.Tensor:
    """A matrix H such that vᵀHv is about what the outputs lose when direction v is removed from a layer's.

    Args:
        network: in eval mode.
        name: of a convolution or linear layer.
        mean: (C,) of its outputs, which is kept in the removed direction.
        batches: normalised images, (b, C, H, W) float32, gone through again until there are enough directions.
        losses: of one image, see `LOSSES`.
        directions: how many are tried, each on one image.
        seed: of the directions.
        ranked: explain the ranks of the losses instead of the losses, so that a few large ones do not decide.

    Returns:
        (C, C) float64, symmetric.
    """
    generator = torch.Generator().manual_seed(seed)
    tried: list[torch.Tensor] = []
    measured: list[torch.Tensor] = []
    kept = [network(images) for images in batches]
    for images, before in cycle(zip(batches, kept, strict=True)):
        count = min(len(images), directions - sum(len(block) for block in tried))
        if not count:
            break
        unit = F.normalize(torch.randn(count, len(mean), generator=generator, dtype=torch.float64), dim=1)
        with _removed(network, name, unit.to(mean), mean):
            after = network(images[:count])
        tried.append(unit)
        measured.append(losses(before[:count], after).double().cpu())
    changes = torch.cat(measured)
    if ranked:
        changes = changes.argsort().argsort().double()
    return quadratic_form(torch.cat(tried), changes)


def quadratic_form(directions: torch.Tensor, values: torch.Tensor, *, tolerance: float = 1e-10) -> torch.Tensor:
    """The symmetric H with the least Σ (vᵀHv - value)², and of those the one with the least norm.

    Args:
        directions: (n, C) float64, rows v.
        values: (n,) float64.
        tolerance: of the gradient's norm, relative to that at H = 0, at which to stop.

    Returns:
        (C, C) float64.
    """
    # The unknowns are C(C + 1)/2 entries, 131,000 for 512 channels, so that the normal equations cannot be written
    # down. Conjugate gradients need only the map A: H -> (vᵀHv) and its adjoint Aᵀ: r -> Σ r v vᵀ, each one product of
    # (n, C) matrices. Started at 0 they stay in the range of Aᵀ, where the solution of least norm lies; that matters
    # when there are fewer directions than unknowns. Descent along the gradient, as published, needs far more rounds.
    solution = torch.zeros(directions.shape[1], directions.shape[1], dtype=directions.dtype)
    residual = values.clone()
    gradient = _adjoint(directions, residual)
    search, start = gradient.clone(), float(gradient.square().sum())
    squared = start
    for _ in range(2 * solution.numel()):
        if squared <= tolerance**2 * start or squared == 0:
            break
        image = _values(search, directions)
        length = squared / float(image.square().sum())
        solution += length * search
        residual -= length * image
        gradient = _adjoint(directions, residual)
        squared, before = float(gradient.square().sum()), squared
        search = gradient + (squared / before) * search
    return solution


@torch.no_grad()
def _check_outputs(network: torch.nn.Module, images: torch.Tensor, loss: Literal["mse", "kl"]) -> None:
    outputs = network(images[:1])
    if not isinstance(outputs, torch.Tensor):
        raise NotApplicable("it compares outputs before and after, and they are no tensor with a row per image")
    if loss == "kl" and (outputs.ndim < 2 or outputs.shape[1] < 2):
        raise NotApplicable('loss = "kl" compares logits of two or more classes, which its outputs are not')


def _values(form: torch.Tensor, directions: torch.Tensor) -> torch.Tensor:
    return ((directions @ form) * directions).sum(1)


def _adjoint(directions: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    return directions.T @ (directions * values[:, None])


@contextmanager
def _removed(network: torch.nn.Module, name: str, unit: torch.Tensor, mean: torch.Tensor) -> Iterator[None]:
    """Within it, the layer's outputs y of image i are y - v vᵀ(y - μ), with v the i-th row of `unit`."""

    def remove(module: torch.nn.Module, inputs: object, outputs: torch.Tensor) -> torch.Tensor:
        channels = channel_dimension(module)
        values = outputs.movedim(channels, -1) - mean
        shaped = unit.reshape(len(unit), *(1,) * (values.ndim - 2), -1)
        values = values - shaped * (shaped * values).sum(-1, keepdim=True) + mean
        return values.movedim(-1, channels)

    handle = network.get_submodule(name).register_forward_hook(remove)
    try:
        yield
    finally:
        handle.remove()
