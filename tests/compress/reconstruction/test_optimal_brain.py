import pytest
import torch

from bench.compress.quantization.integers import Grid
from bench.compress.reconstruction import column_updates, optimal_brain
from bench.compress.reconstruction.fixed_grid import FixedGrid


def problem(columns=9, rows=4, bits=3, seed=0, **grid):
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(rows, columns, generator=generator)
    inputs = torch.randn(200, columns, generator=generator, dtype=torch.float64)
    inputs += 1.5 * torch.randn(200, 1, generator=generator, dtype=torch.float64)
    hessian = (2 * inputs.T @ inputs / 200)[None]
    return weight.double()[None], inputs, hessian, FixedGrid.of(Grid(bits=bits, per_channel=True, **grid)(weight))


def error(weight, steps, grid, inputs):
    return float(((weight[0] - steps[0] * grid.scale[0]) @ inputs.T).square().sum())


def brute_force(weight, inputs, scale, lowest, highest):
    """Steps of one row: each candidate is tried, with all weights that are left solved for by least squares anew."""
    target, fixed, left = inputs @ weight, {}, list(range(len(weight)))
    current = weight.clone()
    while left:
        steps = {column: (current[column] / scale).round().clamp(lowest, highest) for column in left}
        outlying = [column for column in left if (current[column] - steps[column] * scale).abs() > (0.5 + 1e-9) * scale]
        tried = {}
        for column in outlying or left:
            done = {**fixed, column: steps[column]}
            rest = [other for other in left if other != column]
            missing = target - sum(inputs[:, other] * step * scale for other, step in done.items())
            solved = torch.linalg.lstsq(inputs[:, rest], missing[:, None]).solution[:, 0] if rest else torch.zeros(0)
            tried[column] = float((missing - inputs[:, rest] @ solved.to(missing)).square().sum()), rest, solved
        best = min(tried, key=lambda column: tried[column][0])
        fixed[best] = steps[best]
        _, left, solved = tried[best]
        current[left] = solved.to(current)
    return torch.stack([fixed[column] for column in range(len(weight))])


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("grid", [{}, {"symmetric": False}, {"search": True}])
def test_it_is_the_brute_force_on_a_tiny_layer(seed, grid):
    weight, inputs, hessian, grid = problem(seed=seed, **grid)
    found = optimal_brain.steps(weight, hessian, grid, damping=0.0)
    for row in range(4):
        limits = (float(each[0, row, 0]) for each in (grid.scale, grid.lowest, grid.highest))
        assert torch.equal(found[0, row], brute_force(weight[0, row], inputs, *limits)), row
    assert not torch.equal(found, grid.steps(weight))


def test_errors_fall_from_rounding_to_columns_to_the_cheapest_first():
    totals = torch.zeros(3, dtype=torch.float64)
    for seed in range(6):
        weight, inputs, hessian, grid = problem(columns=24, rows=6, seed=seed)
        ways = (
            grid.steps(weight),
            column_updates.steps(weight, hessian, grid, damping=0.0),
            optimal_brain.steps(weight, hessian, grid, damping=0.0),
        )
        totals += torch.tensor([error(weight, steps, grid, inputs) for steps in ways])
    nearest, columns, cheapest_first = totals.tolist()
    assert cheapest_first < columns < 0.8 * nearest


def test_white_inputs_leave_nothing_to_make_up_for():
    weight, _, _, grid = problem(columns=24)
    white = torch.diag(torch.linspace(0.5, 3, 24, dtype=torch.float64))[None]
    assert torch.equal(optimal_brain.steps(weight, white, grid), grid.steps(weight))


@pytest.mark.parametrize("elements", [1, 2 * 24**2, 2**20])
def test_rows_and_groups_are_apart(elements, monkeypatch):
    parts = [problem(columns=24, seed=seed) for seed in range(2)]
    single = torch.cat([optimal_brain.steps(*part[:1], part[2], part[3]) for part in parts])
    monkeypatch.setattr(optimal_brain, "ELEMENTS", elements)
    fields = (torch.cat([getattr(part[3], name) for part in parts]) for name in ("scale", "lowest", "highest"))
    grid = FixedGrid(parts[0][3].nearest, *fields)
    found = optimal_brain.steps(torch.cat([part[0] for part in parts]), torch.cat([part[2] for part in parts]), grid)
    assert torch.equal(found, single)


def test_outliers_go_first():
    weight, inputs, hessian, grid = problem(columns=24, rows=6, bits=2, search=True)
    found = optimal_brain.steps(weight, hessian, grid)
    assert (found.abs() <= 1).all()
    assert error(weight, found, grid, inputs) < 0.8 * error(weight, grid.steps(weight), grid, inputs)


def test_pruned_weights_and_dead_inputs_are_zero():
    weight, inputs, _, grid = problem(columns=24)
    inputs[:, 5] = 0
    mask = torch.rand(weight.shape, generator=torch.Generator().manual_seed(3)) > 0.5
    found = optimal_brain.steps(weight * mask, (2 * inputs.T @ inputs / 200)[None], grid, mask=mask)
    assert not found[~mask].any()
    assert not found[:, :, 5].any()
    assert found.any()
    nearest = grid.steps(weight * mask)
    assert error(weight * mask, found, grid, inputs) < error(weight * mask, nearest, grid, inputs)
