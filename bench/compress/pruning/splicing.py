"""Dynamic network surgery: weights go and come back while all of them learn (Guo, Yao & Chen 2016)."""

from __future__ import annotations

from copy import deepcopy

import torch

from bench.compress.method import require_unrounded
from bench.compress.pruning import allocation, masking
from bench.compress.pruning.masking import Masks
from bench.compress.pruning.reparametrised import RealWeights, Reparametrisation
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed

LOW, HIGH = 0.9, 1.1  # of the threshold: a weight between keeps its mask


def spliced(mask: torch.Tensor, weight: torch.Tensor, threshold: float) -> torch.Tensor:
    """The mask without weights below 0.9 of a threshold, and with those of at least 1.1 of it (equation 3).

    >>> spliced(torch.tensor([True, True, False, False]), torch.tensor([0.8, -1.0, 1.0, -1.1]), 1.0).tolist()
    [False, True, False, True]
    """
    magnitudes = weight.abs()
    return (mask & (magnitudes >= LOW * threshold)) | (magnitudes >= HIGH * threshold)


class Splicing(Reparametrisation):
    """The forward pass sees w·h(w), and gradients reach every w. Masks h follow the thresholds t = mean|W| + c·std|W|.

    Mean and standard deviation are those of each layer before the training. At each update c is solved anew, so that
    `sparsity` of all weights are below their thresholds: a c for each layer, by which all have one threshold, or one c.

    Args:
        by_layer: whether all layers have the same c, and thresholds of their own.
        masks: of earlier pruning, whose zeros never come back.
        interval: steps between two updates; the first comes before the first step.
        until: share of the training after which masks stay. The last update keeps exactly the weights above their
            thresholds, without a margin.
    """

    def __init__(
        self, network: torch.nn.Module, masks: Masks, sparsity: float, *, by_layer: bool, interval: int, until: float
    ):
        weights = {name: weight.detach() for name, weight in masking.prunable(network).items()}
        self.earlier = {name: masks.get(name, torch.ones_like(w, dtype=torch.bool)) for name, w in weights.items()}
        self.masks = dict(self.earlier)
        self.statistics = {name: _statistics(weight) if by_layer else (0.0, 1.0) for name, weight in weights.items()}
        self.sparsity, self.interval, self.until = sparsity, interval, until
        self._settled = False

    def before_step(self, step: int, steps: int, real: dict[str, torch.Tensor]) -> None:
        """See Reparametrisation."""
        if self._settled:
            return
        if step >= self.until * steps:
            self.settle(real)
        elif step % self.interval == 0:
            self._update(real)

    def visible(self, name: str, real: torch.Tensor) -> torch.Tensor:
        """See Reparametrisation."""
        return real * self.masks[name].to(real.device)

    def settle(self, real: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """The masks that stay, taken now unless they were before."""
        if not self._settled:
            self.masks, self._settled = self._best(self._standardised(real)), True
        return self.masks

    def _best(self, scores: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        best = allocation.best_share(scores, self.sparsity)
        return {name: mask & self.earlier[name] for name, mask in best.items()}

    def _update(self, real: dict[str, torch.Tensor]) -> None:
        scores = self._standardised(real)
        # |w| ≥ mean + c·std where the standardised |w| is at least c: the least of those that would stay
        c = min(float(scores[name][mask].min()) for name, mask in self._best(scores).items() if mask.any())
        for name, weight in real.items():
            mean, std = self.statistics[name]
            self.masks[name] = spliced(self.masks[name], weight, max(mean + c * std, 0.0)) & self.earlier[name]

    def _standardised(self, real: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """(|w| - mean) / std, the shape of each weight; below all others where it was pruned earlier."""
        scores = {}
        for name, weight in real.items():
            mean, std = self.statistics[name]
            scores[name] = ((weight.abs() - mean) / max(std, 1e-12)).masked_fill(~self.earlier[name], -torch.inf)
        return scores


def _statistics(weight: torch.Tensor) -> tuple[float, float]:
    """Mean and standard deviation of magnitudes."""
    magnitudes = weight.abs().double()
    return float(magnitudes.mean()), float(magnitudes.std()) if magnitudes.numel() > 1 else 0.0


def trained(
    compressed: Compressed,
    workbench: Workbench,
    sparsity: float,
    *,
    by_layer: bool,
    interval: int,
    until: float,
    distill: bool,
) -> Compressed:
    """A copy fine-tuned while its masks move.

    Raises:
        NotApplicable: a tensor has a representation already.
    """
    require_unrounded(compressed)
    network = deepcopy(compressed.network)
    rule = Splicing(network, compressed.masks, sparsity, by_layer=by_layer, interval=interval, until=until)
    weights = RealWeights(network, rule)
    with weights.watching():
        history = workbench.finetune(network, after_step=weights.after_step, distill=distill)
    masks = masking.joined(rule.settle(weights.real), compressed.masks)
    masking.apply(network, masks)
    return compressed.but(network=network, masks=masks, history=(*compressed.history, *history))
