import pytest
import torch

from bench.compress.quantization.integers import Grid
from bench.compress.reconstruction import column_updates
from bench.compress.reconstruction.fixed_grid import FixedGrid


def correlated(columns, rows=400, share=0.8, seed=0):
    """Inputs (rows, columns) float64 whose neighbours are correlated and whose sizes differ."""
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn(rows, columns, generator=generator, dtype=torch.float64)
    common = torch.randn(rows, 1, generator=generator, dtype=torch.float64)
    sizes = torch.logspace(-1, 0.5, columns, dtype=torch.float64)[torch.randperm(columns, generator=generator)]
    return (share * common + (1 - share**2) ** 0.5 * inputs) * sizes


def problem(columns=24, rows=6, bits=3, seed=0, share=0.8, **grid):
    weight = torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed + 100))
    inputs = correlated(columns, share=share, seed=seed)
    rounding = FixedGrid.of(Grid(bits=bits, per_channel=True, **grid)(weight))
    return weight.double()[None], inputs, (2 * inputs.T @ inputs / len(inputs))[None], rounding


def naive(weight, hessian, rounding, damping, order, mask=None):
    """GPTQ as optimal brain surgery has it: before each column the Hessian of the columns left is inverted anew."""
    weight = weight[0].clone()
    hessian = hessian[0] + damping * hessian[0].diagonal().mean() * torch.eye(len(hessian[0]), dtype=torch.float64)
    steps = torch.zeros_like(weight)
    for number, column in enumerate(order):
        left = torch.tensor(order[number:])
        inverse = torch.linalg.inv(hessian[left][:, left])
        steps[:, column] = rounding.steps(weight[None, :, column, None])[0, :, 0]
        if mask is not None:
            steps[:, column] *= mask[0, :, column]
        error = (weight[:, column] - steps[:, column] * rounding.scale[0, :, 0]) / inverse[0, 0]
        weight[:, left] -= error[:, None] * inverse[0]
    return steps[None]


def error(weight, steps, rounding, inputs):
    return float(((weight[0] - steps[0] * rounding.scale[0]) @ inputs.T).square().sum())


@pytest.mark.parametrize("actorder", [False, True])
@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("search", [False, True])
def test_it_is_the_loop_that_inverts_at_each_step(actorder, symmetric, search):
    weight, _, hessian, rounding = problem(symmetric=symmetric, search=search)
    diagonal = hessian[0].diagonal()
    order = sorted(range(len(diagonal)), key=lambda column: -diagonal[column]) if actorder else range(len(diagonal))
    expected = naive(weight, hessian, rounding, 0.01, list(order))
    found = column_updates.steps(weight, hessian, rounding, damping=0.01, actorder=actorder)
    assert torch.equal(found, expected)
    assert not torch.equal(found, rounding.steps(weight))


@pytest.mark.parametrize("block", [1, 5, 23, 24, 100])
def test_blocks_do_not_change_the_result(block):
    weight, _, hessian, rounding = problem()
    for actorder in (False, True):
        whole = column_updates.steps(weight, hessian, rounding, actorder=actorder, block=24)
        assert torch.equal(column_updates.steps(weight, hessian, rounding, actorder=actorder, block=block), whole)


def test_errors_fall_from_rounding_to_columns_to_the_largest_first():
    totals = torch.zeros(3, dtype=torch.float64)
    for seed in range(6):
        weight, inputs, hessian, rounding = problem(seed=seed)
        ways = (
            rounding.steps(weight),
            column_updates.steps(weight, hessian, rounding),
            column_updates.steps(weight, hessian, rounding, actorder=True),
        )
        totals += torch.tensor([error(weight, steps, rounding, inputs) for steps in ways])
    nearest, columns, largest_first = totals.tolist()
    assert largest_first < 0.9 * columns < 0.9 * 0.8 * nearest


def test_white_inputs_leave_nothing_to_make_up_for():
    """The control that must not gain: with a diagonal Hessian each weight is best rounded to nearest."""
    weight, _, _, rounding = problem()
    white = torch.diag(torch.linspace(0.5, 3, weight.shape[2], dtype=torch.float64))[None]
    for actorder in (False, True):
        assert torch.equal(column_updates.steps(weight, white, rounding, actorder=actorder), rounding.steps(weight))


def test_every_group_has_a_hessian_of_its_own():
    parts = [problem(seed=seed) for seed in range(3)]
    weight = torch.cat([part[0] for part in parts])
    together = FixedGrid(
        parts[0][3].nearest,
        *(torch.cat([getattr(part[3], field) for part in parts]) for field in ("scale", "lowest", "highest")),
    )
    hessian = torch.cat([part[2] for part in parts])
    for actorder in (False, True):
        found = column_updates.steps(weight, hessian, together, actorder=actorder)
        single = [column_updates.steps(part[0], part[2], part[3], actorder=actorder) for part in parts]
        assert torch.equal(found, torch.cat(single))


def test_only_the_damping_depends_on_the_scale_of_the_inputs():
    weight, _, hessian, rounding = problem()
    few = column_updates.steps(weight, hessian, rounding)
    assert torch.equal(column_updates.steps(weight, 1e6 * hessian, rounding), few)
    damped = column_updates.steps(weight, hessian, rounding, damping=1.0)
    assert not torch.equal(damped, few)


def test_dead_inputs_have_no_weight_and_disturb_nobody():
    weight, inputs, _, rounding = problem()
    inputs[:, 7] = 0
    hessian = (2 * inputs.T @ inputs / len(inputs))[None]
    found = column_updates.steps(weight, hessian, rounding, damping=0.0)
    assert not found[:, :, 7].any()
    left = [column for column in range(24) if column != 7]
    alive = column_updates.steps(weight[:, :, left], hessian[:, left][:, :, left], rounding, damping=0.0)
    assert torch.equal(found[:, :, left], alive)


def test_the_factor_is_that_of_the_inverse():
    _, _, hessian, _ = problem()
    factor = column_updates.inverse_factor(hessian, 0.0)[0]
    torch.testing.assert_close(factor.T @ factor, torch.linalg.inv(hessian[0]), rtol=1e-8, atol=1e-8)
    torch.testing.assert_close(factor, torch.linalg.cholesky(torch.linalg.inv(hessian[0])).mT, rtol=1e-8, atol=1e-8)


def test_a_hessian_without_a_factor_is_damped_until_it_has_one():
    inputs = correlated(24, rows=5)  # fewer rows than columns: rank 5
    hessian = (2 * inputs.T @ inputs / 5)[None] - 1e-9 * torch.eye(24, dtype=torch.float64)
    assert torch.linalg.cholesky_ex(hessian).info.any()
    assert column_updates.inverse_factor(hessian, 0.0).isfinite().all()
    with pytest.raises(torch.linalg.LinAlgError):
        column_updates.inverse_factor(torch.full((1, 3, 3), torch.nan, dtype=torch.float64), 0.01)


def test_pruned_weights_stay_zero_and_the_others_make_up_for_them():
    weight, inputs, hessian, rounding = problem(bits=4)
    mask = torch.rand(weight.shape, generator=torch.Generator().manual_seed(3)) > 0.5
    weight = weight * mask
    found = column_updates.steps(weight, hessian, rounding, mask=mask)
    assert not found[~mask].any()
    assert torch.equal(found, naive(weight, hessian, rounding, 0.01, list(range(24)), mask))
    assert error(weight, found, rounding, inputs) < error(weight, rounding.steps(weight), rounding, inputs)


def test_outliers_are_clipped_inside():
    """A weight that makes up for others may leave the grid's range: the error of clipping it is handed on too."""
    weight, inputs, hessian, rounding = problem(bits=2, search=True)
    found = column_updates.steps(weight, hessian, rounding)
    assert (found <= rounding.highest).all()
    assert (found >= rounding.lowest).all()
    free = FixedGrid(rounding.nearest, rounding.scale, -torch.inf * rounding.scale, torch.inf * rounding.scale)
    clipped_last = column_updates.steps(weight, hessian, free).maximum(rounding.lowest).minimum(rounding.highest)
    assert error(weight, found, rounding, inputs) < error(weight, clipped_last, rounding, inputs)
