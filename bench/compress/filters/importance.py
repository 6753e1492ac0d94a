"""Scores of channels: what a channel is worth, (C,) float64 for each group; the least go first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import torch
from scipy.spatial.distance import pdist, squareform

from bench.compress.filters.coupled import CoupledChannels
from bench.compress.filters.feature_maps import FeatureMaps
from bench.compress.filters.members import Member, members, scales
from bench.compress.method import NotApplicable
from bench.compress.workbench import Workbench

Groups = Sequence[CoupledChannels]
Scores = list[torch.Tensor]


def magnitude(network: torch.nn.Module, groups: Groups, power: int) -> Scores:
    """Σ|w|^p over a channel's slice of each of its tensors, mean over these (Fang et al. 2023)."""
    # no root is taken: for p = 2 the score is the squared norm, as in the authors' code

    def of_group(group: CoupledChannels) -> torch.Tensor:
        norms = [
            member.rows(network.get_parameter(member.name).detach()).double().abs().pow(power).sum(1)
            for member in members(network, group)
        ]
        return torch.stack([norm.cpu() for norm in norms]).mean(0)

    return [of_group(group) for group in groups]


def geometric_median(network: torch.nn.Module, groups: Groups) -> Scores:
    """Σ_j ‖W_c - W_j‖₂ over the filters of a layer, mean over layers that are added (He et al. 2019)."""

    def of_layer(name: str) -> torch.Tensor:
        filters = network.get_parameter(name).detach().double().cpu().flatten(1)
        # The distances themselves: by Gram matrices, near ones would be lost in rounding. SciPy has each pair once.
        return torch.from_numpy(squareform(pdist(filters.numpy()))).sum(1)

    return [torch.stack([of_layer(name) for name in group.writers]).mean(0) for group in groups]


def scale(network: torch.nn.Module, groups: Groups) -> Scores:
    """|γ| of a channel's batch normalisation, mean over those of layers that are added (Liu et al. 2017)."""

    def of_group(group: CoupledChannels) -> torch.Tensor:
        gammas = [gamma.rows(network.get_parameter(gamma.name).detach()) for gamma, _ in scales(network, group)]
        return torch.stack([gamma[:, 0].double().cpu() for gamma in gammas]).abs().mean(0)

    return [of_group(group) for group in groups]


def gates(network: torch.nn.Module, groups: Groups, workbench: Workbench, images: int, batch_size: int) -> Scores:
    """The squared derivative of the loss by a gate on the channel, mean over batches and gates (Molchanov et al. 2019).

    The gate stands after batch normalisation, where its derivative is γ·∂L/∂γ + β·∂L/∂β, or after the layer where no
    normalisation with a scale and a shift follows: Σw·∂L/∂w + b·∂L/∂b over the filter.
    """
    gated: list[Sequence[Sequence[Member]]] = [
        scales(network, group) or [_layer(network, name, group) for name in group.writers] for group in groups
    ]

    def squared() -> Scores:
        return [torch.stack([_products(network, gate) ** 2 for gate in gates]).mean(0) for gates in gated]

    return _mean(squared() for _ in _backward(network, workbench, images, batch_size))


def weights(network: torch.nn.Module, groups: Groups, workbench: Workbench, images: int, batch_size: int) -> Scores:
    """Σ(w·∂L/∂w)² over a channel's filters, mean over batches and layers (Molchanov et al. 2019)."""

    def squared(group: CoupledChannels) -> torch.Tensor:
        return torch.stack([_product(network, name).pow(2).flatten(1).sum(1) for name in group.writers]).mean(0)

    return _mean([squared(group) for group in groups] for _ in _backward(network, workbench, images, batch_size))


def group_products(
    network: torch.nn.Module, groups: Groups, workbench: Workbench, images: int, batch_size: int
) -> Scores:
    """Σ|w·∂L/∂w| over a channel's slices of all its tensors, mean over batches and tensors."""

    def absolute(group: CoupledChannels) -> torch.Tensor:
        sums = [member.rows(_product(network, member.name)).abs().sum(1) for member in members(network, group)]
        return torch.stack(sums).mean(0)

    return _mean([absolute(group) for group in groups] for _ in _backward(network, workbench, images, batch_size))


def fisher(network: torch.nn.Module, groups: Groups, workbench: Workbench, images: int) -> Scores:
    """Σ w²·mean(g²) over a channel's filters, mean over layers; g of single images with labels drawn from the softmax.

    This is the diagonal of the Fisher information by which OBD's damage is estimated, ½Σw²h without the ½ (LeCun et al.
    1989; Theis et al. 2018).

    Raises:
        NotApplicable: the network's output is not one row of logits per image.
    """
    names = list(dict.fromkeys(name for group in groups for name in group.writers))
    squares = {name: torch.zeros_like(network.get_parameter(name), dtype=torch.float64) for name in names}
    generator = torch.Generator().manual_seed(workbench.seed)
    count = 0
    with _gradients(network):
        for batch, _ in workbench.batches(images):
            for image in batch.split(1):
                network.zero_grad(set_to_none=True)
                logits = network(image)
                if not isinstance(logits, torch.Tensor) or logits.ndim != 2:
                    raise NotApplicable("labels are drawn from the softmax, and its output is not one row per image")
                label = torch.multinomial(logits.detach().cpu().softmax(1), 1, generator=generator)[0]
                torch.nn.functional.cross_entropy(logits, label.to(logits.device)).backward()
                for name in names:
                    squares[name] += _gradient(network, name).double() ** 2
                count += 1
    damage = {name: network.get_parameter(name).detach().double() ** 2 * squares[name] / count for name in names}
    return [torch.stack([damage[name].flatten(1).sum(1).cpu() for name in group.writers]).mean(0) for group in groups]


def feature_ranks(network: torch.nn.Module, groups: Groups, workbench: Workbench, images: int) -> Scores:
    """Rank of a channel's feature map behind normalisation and activation, mean over images (Lin et al. 2020).

    Pooling that follows is left out: of maps of one pixel all ranks are 1. Where several layers write the channels, as
    in a residual stream, the mean over all maps that a layer reads.

    Raises:
        NotApplicable: the maps of a group are not (b, C, H, W).
    """
    sums = [torch.zeros(group.count, dtype=torch.float64) for group in groups]
    counts = [0] * len(groups)
    maps: FeatureMaps | None = None
    for batch, _ in workbench.batches(images):
        for image in batch.split(1):
            maps = maps or FeatureMaps(network, groups, image)
            for number, found in maps.of(image):
                sums[number] += torch.linalg.matrix_rank(found.float()).double().cpu()
                counts[number] += 1
    return [total / count for total, count in zip(sums, counts, strict=True)]


def _layer(network: torch.nn.Module, weight: str, group: CoupledChannels) -> list[Member]:
    """A layer's weight and, if it has one, its bias."""
    module = network.get_submodule(weight.rpartition(".")[0])
    names = (weight, f"{weight.removesuffix('weight')}bias") if getattr(module, "bias", None) is not None else (weight,)
    return [Member(name, group.count) for name in names]


def _products(network: torch.nn.Module, gate: Iterable[Member]) -> torch.Tensor:
    """Σw·∂L/∂w over all that a gate's parameters have of a channel, (C,)."""
    return torch.stack([member.rows(_product(network, member.name)).sum(1) for member in gate]).sum(0)


def _product(network: torch.nn.Module, name: str) -> torch.Tensor:
    """w·∂L/∂w, float64 on the CPU."""
    return (network.get_parameter(name).detach().double() * _gradient(network, name).double()).cpu()


def _gradient(network: torch.nn.Module, name: str) -> torch.Tensor:
    parameter = network.get_parameter(name)
    return torch.zeros_like(parameter) if parameter.grad is None else parameter.grad


def _backward(network: torch.nn.Module, workbench: Workbench, images: int, batch_size: int) -> Iterator[None]:
    """The network with the gradients of one batch after another, in eval mode: statistics must not move."""
    with _gradients(network):
        for batch, targets in workbench.batches(images, batch_size):
            network.zero_grad(set_to_none=True)
            workbench.loss(network, batch, targets).backward()
            yield


@contextmanager
def _gradients(network: torch.nn.Module) -> Iterator[None]:
    """All parameters with gradients, none of which is left behind."""
    wanted = [parameter.requires_grad for parameter in network.parameters()]
    network.eval().requires_grad_(True)
    try:
        with torch.enable_grad():
            yield
    finally:
        network.zero_grad(set_to_none=True)
        for parameter, before in zip(network.parameters(), wanted, strict=True):
            parameter.requires_grad_(before)


def _mean(rounds: Iterable[Scores]) -> Scores:
    total: Scores = []
    count = 0
    for scores in rounds:
        total = [a + b for a, b in zip(total, scores, strict=True)] if count else scores
        count += 1
    return [scores / count for scores in total]
