"""Weights removed one at a time, the rest making up for each: optimal brain surgery (Frantar et al. 2022)."""

from __future__ import annotations

import torch

from bench.compress.method import NotApplicable
from bench.compress.reconstruction.column_updates import alive, inverse_factor
from bench.compress.reconstruction.inputs import hessian, matrices, unfolds
from bench.compress.reconstruction.layer import Layer
from bench.compress.reconstruction.optimal_brain import ELEMENTS


@torch.no_grad()
def pruned(layer: Layer, *, sparsity: float, pattern: tuple[int, int] | None, damping: float) -> torch.Tensor:
    """A layer's weight with zeros, of its shape; that of a transposed convolution stays as it is.

    Args:
        sparsity: share of the weights that are zero, floor(sparsity · n) in all; without a `pattern`.
        pattern: (n, m): at most n of m neighbours along the input channels stay.
        damping: share of the Hessian's mean diagonal that is added to its diagonal.
    """
    module, weight = layer.module, layer.weight
    if not unfolds(module):
        return module.weight.detach()
    blocks = None if pattern is None else neighbours(module, pattern[1])
    form, dead = alive(hessian(module, *layer.read))
    weight = weight.masked_fill(dead[:, None], 0.0)
    if layer.mask is not None:
        weight = weight * matrices(module, layer.mask.to(weight.device))
    try:
        factor = inverse_factor(form, damping)
    except torch.linalg.LinAlgError as error:
        raise NotApplicable(f"the Hessian of {layer.name}'s inputs has {error}, however much it is damped") from error
    inverses = factor.mT @ factor
    kept = 0 if pattern is None else pattern[0]
    each = [removals(rows, inverse, blocks, kept) for rows, inverse in zip(weight, inverses, strict=True)]
    order, losses = torch.stack([first for first, _ in each]), torch.stack([second for _, second in each])
    if pattern is None:
        gone = cheapest(losses, max(int(sparsity * weight.numel()), int((weight == 0).sum())))
    else:
        gone = losses.isfinite()
    # what is zero already stays so, also in a block that need lose no more
    masks = torch.zeros_like(gone).scatter_(2, order, gone) | (weight == 0)
    refitted = [
        torch.stack([without(row, inverse, mask) for row, mask in zip(rows, zeros, strict=True)])
        for rows, inverse, zeros in zip(weight, inverses, masks, strict=True)
    ]
    return torch.stack(refitted).reshape(module.weight.shape).to(module.weight)


def neighbours(layer: torch.nn.Module, m: int) -> torch.Tensor:
    """The block that each column belongs to, (columns,) int64: m input channels at one position of the kernel."""
    weight = layer.get_parameter("weight")
    channels, kernel = weight.shape[1], weight[0, 0].numel()
    block = (torch.arange(channels, device=weight.device) // m)[:, None] * kernel
    return (block + torch.arange(kernel, device=weight.device)).flatten()


def removals(
    weight: torch.Tensor, inverse: torch.Tensor, blocks: torch.Tensor | None, kept: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """In what order each row loses its columns, and what each removal costs.

    Args:
        weight: (rows, columns) float64.
        inverse: of the Hessian, (columns, columns).
        blocks: see `neighbours`; None for rows that may lose all.
        kept: columns of a block that stay.

    Returns:
        (rows, columns) int64 and float64; infinite from where a row may lose no more.
    """
    chunk = max(1, ELEMENTS // weight.shape[1] ** 2)
    parts = [_removals(rows, inverse, blocks, kept) for rows in weight.split(chunk)]
    return torch.cat([order for order, _ in parts]), torch.cat([losses for _, losses in parts])


def _removals(
    weight: torch.Tensor, inverse: torch.Tensor, blocks: torch.Tensor | None, kept: int
) -> tuple[torch.Tensor, torch.Tensor]:
    # As in quantisation with 0 for the nearest number: removing w_j costs w_j² / 2[H⁻¹]_jj.
    count, columns = weight.shape
    each = torch.arange(count, device=weight.device)
    inverses, left = inverse.expand(count, -1, -1).clone(), torch.ones_like(weight, dtype=torch.bool)
    order = torch.zeros(count, columns, dtype=torch.int64, device=weight.device)
    losses = torch.zeros_like(weight)
    stay = None if blocks is None else torch.bincount(blocks).expand(count, -1).clone()
    for step in range(columns):
        diagonal = inverses.diagonal(dim1=1, dim2=2)
        free = left if stay is None or blocks is None else left & (stay[:, blocks] > kept)
        cost = (weight.square() / diagonal / 2).masked_fill(~left, torch.inf)
        barred = torch.where(free, cost, torch.inf)
        # where none may go any more the columns left follow in any order, at an infinite cost
        done = barred.isinf().all(1)
        column = torch.where(done, left.int().argmax(1), barred.argmin(1))
        order[:, step], losses[:, step] = column, torch.where(done, torch.inf, cost[each, column])
        row = inverses[each, column]
        factor = row / diagonal[each, column][:, None]
        weight = weight - weight[each, column][:, None] * factor
        inverses.baddbmm_(row[:, :, None], factor[:, None], alpha=-1)
        left[each, column] = False
        if stay is not None and blocks is not None:
            stay[each, blocks[column]] -= 1
    return order, losses


def cheapest(losses: torch.Tensor, count: int) -> torch.Tensor:
    """Which removals a layer makes, (groups, rows, columns) bool, always the cheapest next one of any row.

    Args:
        losses: of the removals of each row, in their order.
        count: of removals in all.
    """
    # Rows keep their order, so a removal is made no sooner than the costliest before it in its row.
    reached = losses.cummax(2).values.flatten()
    gone = torch.zeros_like(reached, dtype=torch.bool)
    gone[reached.argsort(stable=True)[:count]] = True
    return gone.reshape(losses.shape)


def without(weight: torch.Tensor, inverse: torch.Tensor, gone: torch.Tensor) -> torch.Tensor:
    """A row (columns,) with some columns zero and the others such that its outputs change least.

    Args:
        inverse: of the Hessian.
        gone: (columns,) bool.
    """
    # w - H⁻¹_:,S (H⁻¹_SS)⁻¹ w_S, in which the updates of all single removals add up, in whatever order they are made
    multipliers = torch.linalg.solve(inverse[gone][:, gone], weight[gone])
    return (weight - inverse[:, gone] @ multipliers).masked_fill(gone, 0.0)
