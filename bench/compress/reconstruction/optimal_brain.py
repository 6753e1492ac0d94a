"""Weights of a row rounded one at a time, the cheapest first, the rest making up for each (Frantar et al. 2022)."""

from __future__ import annotations

import torch

from bench.compress.method import NotApplicable
from bench.compress.reconstruction.column_updates import alive, inverse_factor
from bench.compress.reconstruction.fixed_grid import FixedGrid
from bench.compress.reconstruction.inputs import hessian, matrices, unfolds
from bench.compress.reconstruction.layer import Layer
from bench.footprint.representation import Integer

COLUMNS = 1024  # of a weight: a filter of n takes n³ multiplications, and has an n by n inverse of its own
ELEMENTS = 2**20  # of inverses at a time, 8 MB: they are gone over once per column
OUTLIER = 0.5 + 1e-9  # of a step: what rounding inside the grid's range never misses


@torch.no_grad()
def fitted(layer: Layer, *, damping: float) -> Integer:
    """The integers of a layer's weight; see `steps`."""
    weight, mask = layer.weight, layer.mask
    if not unfolds(layer.module):
        return layer.rounding.nearest
    kept = None if mask is None else matrices(layer.module, mask.to(weight.device))
    form = hessian(layer.module, *layer.read)
    try:
        return layer.rounding.stored(steps(weight, form, layer.rounding, damping=damping, mask=kept))
    except torch.linalg.LinAlgError as error:
        raise NotApplicable(f"the Hessian of {layer.name}'s inputs has {error}, however much it is damped") from error


def steps(
    weight: torch.Tensor,
    hessian: torch.Tensor,
    grid: FixedGrid,
    *,
    damping: float = 0.01,
    mask: torch.Tensor | None = None,
) -> torch.Tensor:
    """Steps of a grid such that the layer's outputs change little: optimal brain quantisation.

    Args:
        weight: (groups, rows, columns) float64.
        hessian: of the inputs, (groups, columns, columns) float64.
        grid: stays as it is.
        damping: share of the Hessian's mean diagonal that is added to its diagonal.
        mask: False where a weight stays zero.

    Returns:
        (groups, rows, columns) float64.

    Raises:
        torch.linalg.LinAlgError: the Hessian has no Cholesky factor.
    """
    hessian, dead = alive(hessian)
    weight = weight.masked_fill(dead[:, None], 0.0)
    kept = torch.ones_like(weight, dtype=torch.bool) if mask is None else mask
    factor = inverse_factor(hessian, damping)
    inverses = factor.mT @ factor
    chosen = torch.zeros_like(weight)
    rows = max(1, ELEMENTS // weight.shape[2] ** 2)
    for group, inverse in enumerate(inverses):
        for part in torch.arange(weight.shape[1], device=weight.device).split(rows):
            limits = [bound[group, part] for bound in (grid.scale, grid.lowest, grid.highest)]
            chosen[group, part] = _rows(weight[group, part], inverse, kept[group, part], *limits)
    return chosen


def _rows(
    weight: torch.Tensor,
    inverse: torch.Tensor,
    kept: torch.Tensor,
    scale: torch.Tensor,
    lowest: torch.Tensor,
    highest: torch.Tensor,
) -> torch.Tensor:
    """Steps of rows (rows, columns) that share the inverse of a Hessian (columns, columns)."""
    # Rounding w_j to q costs (w_j - q)² / 2[H⁻¹]_jj once the others have moved by -(w_j - q) / [H⁻¹]_jj · H⁻¹_:,j, and
    # Gaussian elimination of row and column j leaves the inverse of the Hessian without them. Rows choose different
    # columns, so each has an inverse of its own, which shrinks whenever half of its columns are done.
    count, columns = weight.shape
    result = torch.zeros_like(weight)
    each = torch.arange(count, device=weight.device)
    inverses = inverse.expand(count, -1, -1).clone()
    names = torch.arange(columns, device=weight.device).expand(count, -1)
    left = torch.ones_like(kept)
    for done in range(columns):
        if 2 * (remaining := columns - done) <= weight.shape[1] and remaining > 8:
            places = left.nonzero()[:, 1].reshape(count, remaining)
            weight, kept, names = (tensor.gather(1, places) for tensor in (weight, kept, names))
            inverses = inverses[each[:, None, None], places[:, :, None], places[:, None]]
            left = torch.ones_like(kept)
        nearest = torch.where(kept, (weight / scale).round().maximum(lowest).minimum(highest), 0.0)
        missed = weight - nearest * scale
        diagonal = inverses.diagonal(dim1=1, dim2=2)
        cost = (missed.square() / diagonal).masked_fill(~left, torch.inf)
        # a weight beyond the grid would be pushed farther by every weight rounded before it: it goes first
        outlying = left & (missed.abs() > OUTLIER * scale)
        cost = torch.where(outlying.any(1, keepdim=True) & ~outlying, torch.inf, cost)
        column = cost.argmin(1)
        result[each, names[each, column]] = nearest[each, column]
        row = inverses[each, column]
        factor = row / diagonal[each, column][:, None]
        weight = weight - missed[each, column][:, None] * factor
        inverses.baddbmm_(row[:, :, None], factor[:, None], alpha=-1)
        left[each, column] = False
    return result
