"""How much a network's loss minds the rounding of each weight: traces of Hessians, or the loss itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import cycle, islice
from typing import Any

import torch

from bench.compress.method import NotApplicable, first_line
from bench.compress.reconstruction.gradients import differentiated
from bench.compress.workbench import Workbench

BATCH = 8  # images of one draw, at least


def traces(
    network: torch.nn.Module, names: list[str], workbench: Workbench, *, draws: int, images: int
) -> dict[str, float]:
    """tr(H) of the loss's Hessian with respect to each weight, as Hutchinson estimates it, in eval mode.

    Args:
        names: of weights.
        draws: of random signs, each on a few of the images, which are all gone through, and then again.

    Raises:
        NotApplicable: the network's second derivatives cannot be computed.
    """
    # E[vᵀHv] = tr(H) for independent signs v. All weights have signs at once: the part of vᵀHv that belongs to one of
    # them has its own trace as expectation, since the signs of two weights are independent, and costs one pass for all.
    # Rademacher signs have the least variance, none where H is diagonal. Draws differ more by their signs than by their
    # images: on resnet8 (digits, 50 draws) traces scatter by 12% with 8 images per draw and by 10% with 32.
    generator = torch.Generator().manual_seed(workbench.seed)
    network.eval()
    batches = list(workbench.batches(images, max(BATCH, -(-images // draws))))
    sums = dict.fromkeys(names, 0.0)
    weights = [network.get_parameter(name) for name in names]
    with _learnable(weights):
        for batch, targets in islice(cycle(batches), draws):
            signs = [torch.randint(2, weight.shape, generator=generator).to(weight) * 2 - 1 for weight in weights]
            for name, part in zip(names, _products(network, weights, signs, workbench, batch, targets), strict=True):
                sums[name] += part
    return {name: total / draws for name, total in sums.items()}


@contextmanager
def _learnable(weights: list[torch.nn.Parameter]) -> Iterator[None]:
    """Gradients for frozen weights too, which are rounded as all others are."""
    frozen = [weight for weight in weights if not weight.requires_grad]
    for weight in frozen:
        weight.requires_grad_(True)
    try:
        yield
    finally:
        for weight in frozen:
            weight.requires_grad_(False)


def _products(
    network: torch.nn.Module,
    weights: list[torch.nn.Parameter],
    signs: list[torch.Tensor],
    workbench: Workbench,
    batch: torch.Tensor,
    targets: Any,
) -> list[float]:
    """v · (Hv) of each weight; 0 where the loss does not depend on it, or its slope does not change."""
    with torch.enable_grad():
        loss = workbench.loss(network, batch, targets)
        gradients = differentiated(loss, weights, "any weight", create_graph=True)
        try:
            products = _of_slopes(gradients, signs, weights)
        except (NotImplementedError, RuntimeError) as error:
            if isinstance(error, torch.OutOfMemoryError):
                raise
            reason = first_line(error)
            raise NotApplicable(f"its loss has no second derivatives that PyTorch can compute ({reason})") from error
    return [
        0.0 if product is None else float((product.double() * sign).sum())
        for product, sign in zip(products, signs, strict=True)
    ]


def _of_slopes(
    gradients: Sequence[torch.Tensor | None], signs: list[torch.Tensor], weights: list[torch.nn.Parameter]
) -> Sequence[torch.Tensor | None]:
    """Hv of each weight; None where it is zero."""
    slopes = [
        (gradient * sign).sum()
        for gradient, sign in zip(gradients, signs, strict=True)
        if gradient is not None and gradient.requires_grad
    ]
    if not slopes:
        return [None] * len(weights)
    sloped = torch.stack(slopes).sum()
    # grad() ignores a function that is differentiable once, as if nothing depended on what it computes
    if any(node.name().endswith("Error") for node in _nodes(sloped)):
        raise NotImplementedError("a function in it is differentiable once")
    return torch.autograd.grad(sloped, weights, allow_unused=True)


def _nodes(result: torch.Tensor) -> set[Any]:
    """The graph of what autograd knows a result to depend on."""
    nodes: set[Any] = set()
    new = [result.grad_fn]
    while new:
        if (node := new.pop()) is not None and node not in nodes:
            nodes.add(node)
            new += (earlier for earlier, _ in node.next_functions)
    return nodes


@torch.no_grad()
def rises(
    network: torch.nn.Module, rounded: Mapping[str, list[torch.Tensor]], workbench: Workbench, *, images: int
) -> dict[str, list[float]]:
    """By how much the loss rises when one weight alone is replaced, by each of several others; the network stays.

    Args:
        rounded: by name, what is to be tried.
    """
    network.eval()
    before = _loss(network, workbench, images)
    result: dict[str, list[float]] = {}
    for name, others in rounded.items():
        weight = network.get_parameter(name)
        kept = weight.clone()
        result[name] = []
        for other in others:
            weight.copy_(other)
            result[name].append(_loss(network, workbench, images) - before)
        weight.copy_(kept)
    return result


def _loss(network: torch.nn.Module, workbench: Workbench, images: int) -> float:
    """Mean over images."""
    sums = [(float(workbench.loss(network, *pair)) * len(pair[0]), len(pair[0])) for pair in workbench.batches(images)]
    return sum(loss for loss, _ in sums) / sum(count for _, count in sums)
