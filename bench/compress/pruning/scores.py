"""Scores of single weights: how much each matters, the higher the more. `allocation` makes masks of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from bench.compress.method import NotApplicable
from bench.compress.pruning.masking import Masks, apply, prunable
from bench.footprint.normalisation import is_batchnorm

Batch = tuple[torch.Tensor, torch.Tensor]
Loss = Callable[[torch.nn.Module, torch.Tensor, torch.Tensor], torch.Tensor]
Scored = dict[str, torch.Tensor]


def lamp(weight: torch.Tensor) -> torch.Tensor:
    """Layer-adaptive magnitudes: a weight's square over the sum of the squares of all that are not smaller.

    The largest of the layer scores 1, so that one threshold over all layers empties none. Of equal weights the first
    counts as the largest. Zeros score 0. Float64, because a sum of 10^7 squares loses the small ones in float32.

    Source: Lee et al. (2021), Layer-adaptive Sparsity for the Magnitude-based Pruning.

    >>> lamp(torch.tensor([3.0, -1.0, 0.0, 2.0]))  # 9/9, 1/14, 0/14, 4/13
    tensor([1.0000, 0.0714, 0.0000, 0.3077], dtype=torch.float64)
    """
    squares = weight.detach().double().flatten().square()
    order = squares.argsort(descending=True, stable=True)
    sums = squares[order].cumsum(0)
    scores = torch.zeros_like(squares)
    scores[order] = (squares[order] / sums).nan_to_num(0.0)  # 0/0 in a layer of zeros
    return scores.reshape(weight.shape)


def connection_sensitivity(
    network: torch.nn.Module, loss: Loss, batches: Sequence[Batch], masks: Masks | None = None
) -> Scored:
    """SNIP: |dL/dc| of a gate c that multiplies each weight, over the sum of all: (shape of each weight,) float64.

    A gate's gradient is w·dL/d(c·w). It is w·dL/dw only while all gates are open, so a network that is pruned must come
    with the weights that it had, and `masks` close their gates.

    Source: Lee et al. (2019), SNIP: Single-shot Network Pruning Based on Connection Sensitivity.

    Args:
        network: its batch normalisations use the statistics of each batch, as in training before which it is pruned.
        loss: of a network on a batch, its mean; the mean over all images is differentiated.
        batches: images (b, C, H, W) and targets.
        masks: by parameter name, False where a gate is closed; default all open.

    Raises:
        NotApplicable: no weight changes the loss.
    """
    probe = _probe(network)
    dense = {name: weight.detach().double() for name, weight in prunable(network).items()}
    apply(probe, masks or {})
    gradients = _gradient(probe, loss, batches)
    scores = {name: (dense[name] * gradient.double()).abs() for name, gradient in gradients.items()}
    total = float(sum(score.sum() for score in scores.values()))
    if not 0 < total < float("inf"):
        raise NotApplicable("no weight of it changes the loss, or the loss is not finite")
    return {name: score / total for name, score in scores.items()}


def gradient_flow(network: torch.nn.Module, loss: Loss, batches: Sequence[Batch], temperature: float) -> Scored:
    """GraSP: w·(Hg), for the Hessian H and gradient g of the loss: (shape of each weight,) float64.

    Removing weights changes the squared norm of the gradient by -2·w·(Hg) to first order: it rises most without those
    that score lowest, which go first.

    Source: Wang et al. (2020), Picking Winning Tickets Before Training by Preserving Gradient Flow, whose scores have
    the other sign.

    Args:
        network, loss, batches: see `connection_sensitivity`.
        temperature: logits are divided by it.

    Raises:
        NotApplicable: scores are not finite, or outputs are no logits.
    """
    probe = _probe(network)
    softened = _Softened(probe, temperature)
    weights = prunable(probe)
    products = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    # Attention's fused kernels have no second derivative. Batches are taken twice, so that only one at a time has the
    # graph of its gradient: Hg is the sum over batches of d(g_batch · g)/dw, with g of all batches a constant.
    with sdpa_kernel(SDPBackend.MATH):
        gradient = _gradient(softened, loss, batches, weights)
        for share, batch in _shares(batches):
            of_batch = derivatives(share * loss(softened, *batch), weights, create_graph=True)
            along = sum((of_batch[name] * gradient[name]).sum() for name in weights)
            if isinstance(along, torch.Tensor) and along.requires_grad:
                for name, part in derivatives(along, weights).items():
                    products[name] += part
    if not any(bool(product.any()) for product in products.values()):
        raise NotApplicable("no weight of it changes the gradient's norm, so that none is better than another")
    return finite({name: weights[name].detach().double() * product.double() for name, product in products.items()})


class _Softened(torch.nn.Module):
    """A network whose logits are divided by a temperature."""

    def __init__(self, network: torch.nn.Module, temperature: float):
        super().__init__()
        self.network, self.temperature = network, temperature

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        outputs = self.network(*inputs)
        if not isinstance(outputs, torch.Tensor):
            raise NotApplicable("its outputs are no logits that could be softened")
        return outputs / self.temperature


def _probe(network: torch.nn.Module) -> torch.nn.Module:
    """A copy to take gradients of, with batch normalisation as in training and no dropout; it may change."""
    probe = deepcopy(network).eval()
    for module in probe.modules():
        if is_batchnorm(module):
            module.train()
    for parameter in probe.parameters():
        parameter.requires_grad_(parameter.is_floating_point())
    return probe


def _shares(batches: Sequence[Batch]) -> Iterable[tuple[float, Batch]]:
    """Each batch with its share of all images, by which means over batches add up to the mean over images."""
    images = sum(len(batch[0]) for batch in batches)
    return ((len(batch[0]) / images, batch) for batch in batches)


def _gradient(
    network: torch.nn.Module, loss: Loss, batches: Sequence[Batch], weights: Masks | None = None
) -> dict[str, torch.Tensor]:
    """Of the mean loss over all images."""
    weights = prunable(network) if weights is None else weights
    total = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    for share, batch in _shares(batches):
        for name, part in derivatives(share * loss(network, *batch), weights).items():
            total[name] += part
    return total


def derivatives(of: torch.Tensor, weights: Masks, *, create_graph: bool = False) -> dict[str, torch.Tensor]:
    """Of a scalar by each weight; zeros for those that it does not depend on."""
    parts = torch.autograd.grad(of, list(weights.values()), create_graph=create_graph, allow_unused=True)
    return {
        name: torch.zeros_like(weight) if part is None else part
        for (name, weight), part in zip(weights.items(), parts, strict=True)
    }


def finite(scores: Scored) -> Scored:
    """The scores, if all are numbers.

    Raises:
        NotApplicable: some are not.
    """
    if not all(bool(score.max().isfinite() & score.min().isfinite()) for score in scores.values()):
        raise NotApplicable("its scores are beyond the largest numbers")
    return scores
