"""Columns of a weight rounded one after another, the rest making up for each one's error (Frantar et al. 2023)."""

from __future__ import annotations

from functools import partial

import torch

from bench.compress.method import NotApplicable
from bench.compress.reconstruction.fixed_grid import FixedGrid
from bench.compress.reconstruction.inputs import hessian, matrices, unfolds
from bench.compress.reconstruction.layer import Layer
from bench.footprint.representation import Integer

BLOCK = 128  # columns whose errors reach the columns behind them as one matrix product
RAISED = 10.0  # factor of the damping after a factorisation that fails
TRIALS = 8


@torch.no_grad()
def fitted(layer: Layer, *, damping: float, actorder: bool) -> Integer:
    """The integers of a layer's weight; see `steps` for the settings."""
    weight, rounding = layer.weight, layer.rounding
    if not unfolds(layer.module):
        return rounding.nearest
    mask = None if layer.mask is None else matrices(layer.module, layer.mask.to(weight.device))
    try:
        # the Hessian has no name here, so that it can go once a factor is found
        form = partial(hessian, layer.module, *layer.read)
        chosen = steps(weight, form(), rounding, damping=damping, actorder=actorder, mask=mask)
    except torch.linalg.LinAlgError:
        raise NotApplicable(
            f"the Hessian of {layer.name}'s inputs has no Cholesky factor, however much it is damped"
        ) from None
    return rounding.stored(chosen)


def steps(
    weight: torch.Tensor,
    hessian: torch.Tensor,
    rounding: FixedGrid,
    *,
    damping: float = 0.01,
    actorder: bool = False,
    mask: torch.Tensor | None = None,
    block: int = BLOCK,
) -> torch.Tensor:
    """Steps of a grid such that the layer's outputs change little: GPTQ.

    Args:
        weight: (groups, rows, columns) float64.
        hessian: of the inputs, (groups, columns, columns) float64.
        rounding: the grid, which stays as it is.
        damping: share of the Hessian's mean diagonal that is added to its diagonal.
        actorder: columns by falling diagonal of the Hessian, so that the inputs that weigh most are rounded first,
            while all others can still make up for them; else from first to last.
        mask: False where a weight stays zero.
        block: columns whose errors reach those behind them at once; the steps do not depend on it.

    Returns:
        (groups, rows, columns) float64.

    Raises:
        torch.linalg.LinAlgError: the Hessian has no Cholesky factor.
    """
    # With H⁻¹ = UᵀU, U upper triangular, row j of U holds what optimal brain surgery needs once columns 0 to j - 1 are
    # fixed: rounding w_j to q costs ((w_j - q) / U_jj)² / 2, and the best change of the rest is
    # -(w_j - q) / U_jj · U_j,rest. All rows of a weight share the order of columns and so one factor.
    hessian, dead = alive(hessian)
    weight = weight.masked_fill(dead[:, None], 0.0)
    kept = torch.ones_like(weight, dtype=torch.bool) if mask is None else mask
    order = _order(hessian, actorder)
    weight, kept = _columns(weight, order), _columns(kept, order)
    hessian = _columns(_columns(hessian, order).mT, order)
    factor = inverse_factor(hessian, damping)
    del hessian
    chosen = torch.zeros_like(weight)
    count = weight.shape[2]
    for start in range(0, count, block):
        stop = min(start + block, count)
        errors = torch.zeros_like(weight[:, :, start:stop])
        for column in range(start, stop):
            values = weight[:, :, column : column + 1]
            steps = torch.where(kept[:, :, column : column + 1], rounding.steps(values), 0.0)
            chosen[:, :, column : column + 1] = steps
            error = (values - steps * rounding.scale) / factor[:, column, None, column, None]
            weight[:, :, column:stop] -= error * factor[:, column, None, column:stop]
            errors[:, :, column - start : column - start + 1] = error
        weight[:, :, stop:] -= errors @ factor[:, start:stop, stop:]
    return torch.zeros_like(chosen).scatter_(2, order[:, None].expand_as(chosen), chosen)


def alive(hessian: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The Hessian with 1 on the diagonal of inputs that are always zero, and which those are, (groups, columns)."""
    hessian = hessian.clone()
    diagonal = hessian.diagonal(dim1=1, dim2=2)
    dead = diagonal == 0
    diagonal.masked_fill_(dead, 1.0)
    return hessian, dead


def inverse_factor(hessian: torch.Tensor, damping: float) -> torch.Tensor:
    """U, upper triangular with H⁻¹ = UᵀU, of the damped Hessian (groups, columns, columns).

    Args:
        damping: share of the mean diagonal that is added to the diagonal; ten times as much, and again, where there is
            no Cholesky factor.

    Raises:
        torch.linalg.LinAlgError: there is none.
    """
    # Turned around, H = RRᵀ with R upper triangular, and U = R⁻¹. So H is never inverted: a factor and its inverse
    # cost a third of inverting H and factorising that, and lose half as many digits.
    diagonal = hessian.diagonal(dim1=1, dim2=2)
    for _ in range(TRIALS):
        damped = hessian.flip(1, 2)
        damped.diagonal(dim1=1, dim2=2).add_(torch.full_like(diagonal, damping) * diagonal.mean(1, keepdim=True))
        lower, failed = torch.linalg.cholesky_ex(damped)
        del damped
        if not failed.any() and torch.stack(lower.aminmax()).isfinite().all():
            upper = lower.flip(1, 2)
            del lower
            identity = torch.eye(upper.shape[1], dtype=upper.dtype, device=upper.device)
            return torch.linalg.solve_triangular(upper, identity, upper=True)
        damping = max(RAISED * damping, 1e-6)
    raise torch.linalg.LinAlgError("no Cholesky factor")


def _order(hessian: torch.Tensor, actorder: bool) -> torch.Tensor:
    """(groups, columns) int64; of equals the first comes first."""
    diagonal = hessian.diagonal(dim1=1, dim2=2)
    if actorder:
        return diagonal.argsort(dim=1, descending=True, stable=True)
    return torch.arange(diagonal.shape[1], device=diagonal.device).expand_as(diagonal)


def _columns(tensor: torch.Tensor, order: torch.Tensor) -> torch.Tensor:
    """A copy of a tensor (groups, n, columns) with its columns in another order (groups, columns)."""
    return tensor.gather(2, order[:, None].expand_as(tensor))
