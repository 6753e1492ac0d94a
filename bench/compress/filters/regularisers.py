"""Training that makes channels small before they are pruned: terms added to the gradient, and no loss of their own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from copy import deepcopy

import torch

from bench.compress.filters.coupled import CoupledChannels
from bench.compress.filters.members import members, scales
from bench.compress.gradient_hooks import after_gradients
from bench.compress.method import require_unrounded
from bench.compress.pruning.masking import keep_zeros
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed
from bench.training.hooks import to_the_end

Terms = dict[str, torch.Tensor]  # by parameter, what is added to its gradient
Penalty = Callable[[torch.nn.Module, Sequence[CoupledChannels], float], Terms]  # network, groups, epochs so far


def lasso_of_scales(strength: float) -> Penalty:
    """λ·sign(γ) on every scale of batch normalisation (Liu et al. 2017)."""

    def terms(network: torch.nn.Module, groups: Sequence[CoupledChannels], epoch: float) -> Terms:
        added: Terms = defaultdict(lambda: torch.zeros(()))
        for gamma in {gamma for group in groups for gamma, _ in scales(network, group)}:
            scale = network.get_parameter(gamma.name)
            along = gamma.spread(torch.full((gamma.count,), strength).to(scale), scale)
            added[gamma.name] = added[gamma.name] + along * scale.sign()
        return dict(added)

    return terms


def group_norms(strength: float, exponent: float) -> Penalty:
    """λ·2^(α·(I_max - I_c)/(I_max - I_min))·w on all weights of a channel, I_c their L2 norm (Fang et al. 2023).

    A weight decay that is up to 2^α times as strong for small channels.
    """
    return _weight_decay(lambda smallness, epoch: strength * 2 ** (exponent * smallness))


def growing(base: float, delta: float) -> Penalty:
    """(λ + t·δ·(I_max - I_c)/(I_max - I_min))·w on all weights of a channel, in epoch t (Wang et al. 2021)."""
    # step n of an epoch is n/steps of it in float64, which may fall short of a whole epoch by its rounding
    return _weight_decay(lambda smallness, epoch: base + int(round(epoch, 9)) * delta * smallness)


def _weight_decay(strength: Callable[[torch.Tensor, float], torch.Tensor]) -> Penalty:
    """A weight decay by channel, given how small a channel is: from 0, the group's largest norm, to 1, its smallest."""

    def terms(network: torch.nn.Module, groups: Sequence[CoupledChannels], epoch: float) -> Terms:
        added: Terms = defaultdict(lambda: torch.zeros(()))
        for group in groups:
            weights = {member: network.get_parameter(member.name) for member in members(network, group)}
            squares = [member.rows(weight).square().sum(1) for member, weight in weights.items()]
            norm = torch.stack(squares).sum(0).sqrt()
            span = norm.max() - norm.min()
            if span > 0:  # equal channels give no order
                decay = strength((norm.max() - norm) / span, epoch)
                for member, weight in weights.items():
                    added[member.name] = added[member.name] + member.spread(decay, weight) * weight
        return dict(added)

    return terms


def trained(
    compressed: Compressed,
    workbench: Workbench,
    groups: Sequence[CoupledChannels],
    penalty: Penalty,
    *,
    epochs: float,
    distill: bool = False,
) -> Compressed:
    """A copy that was fine-tuned with a penalty on its channels.

    Raises:
        NotApplicable: a tensor has a representation already.
    """
    require_unrounded(compressed)
    network = deepcopy(compressed.network)
    # The terms lie where they always lay, for passes that were recorded once and are replayed on a GPU.
    added = {member.name: torch.zeros_like(network.get_parameter(member.name)) for member in _all(network, groups)}

    @to_the_end
    def update(step: int, steps: int) -> None:
        with torch.no_grad():
            for name, term in penalty(network, groups, step / steps * epochs).items():
                added[name].copy_(term)

    def add(name: str, _: torch.Tensor, gradient: torch.Tensor) -> None:
        gradient.add_(added[name])

    with after_gradients(network, added, add):
        history = workbench.finetune(
            network,
            epochs=epochs,
            before_step=update,
            after_step=keep_zeros(network, compressed.masks),
            distill=distill,
        )
    return compressed.but(network=network, history=(*compressed.history, *history))


def _all(network: torch.nn.Module, groups: Sequence[CoupledChannels]) -> list:
    return [member for group in groups for member in members(network, group)]
