from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy import stats

from bench.errors import InputError
from bench.statistics import mixed, variance_components
from bench.statistics.mixed import joint_analysis

Rows = tuple[list[str], list[str], list[int], list[float]]


def benchmark(
    models: int, methods: int, seeds: int, *, effect: float = 0.0, network_sd: float = 1.0, seed: int = 0
) -> Rows:
    """Every network shifts all its values by one draw; method k adds k times the effect."""
    rng = np.random.default_rng(seed)
    shifts = rng.normal(0, network_sd, (models, seeds))
    cells = [(m, k, s) for m in range(models) for k in range(methods) for s in range(seeds)]
    values = [80 + 5 * m + k * effect + shifts[m, s] + rng.normal(0, 0.5) for m, k, s in cells]
    return [f"net{m}" for m, _, _ in cells], [f"k{k}" for _, k, _ in cells], [s for _, _, s in cells], values


def by_likelihood(design, centre) -> None:
    """As for data that are not balanced."""


@pytest.mark.parametrize("shape", [(1, 2, 4), (2, 3, 6), (3, 5, 3)])
@pytest.mark.parametrize("network_sd", [0.0, 0.3, 2.0])
def test_balanced_data_have_the_estimates_of_the_likelihood(shape, network_sd, monkeypatch):
    for seed in range(3):
        rows = benchmark(*shape, network_sd=network_sd, seed=seed)
        exact = joint_analysis(*rows, reference="k0")
        with monkeypatch.context() as patched:
            patched.setattr(variance_components, "_of_balanced", by_likelihood)
            found = joint_analysis(*rows, reference="k0")
        if exact.sd_networks < 1e-3:
            assert found.effects == ()
            assert found.note == f"{variance_components.NOT_SHARED}: the mixed model is degenerate and is not reported."
            continue
        assert found.sd_residual == pytest.approx(exact.sd_residual, rel=1e-3)
        assert found.sd_networks == pytest.approx(exact.sd_networks, rel=1e-2, abs=0.02)
        assert found.note == exact.note


def test_what_is_not_balanced_goes_by_the_likelihood():
    models, methods, seeds, values = benchmark(2, 3, 6)

    def of(kept):
        rows = [[column[i] for i in kept] for column in (models, methods, seeds)]
        design = variance_components.design_of([str(m) for m in rows[0]], rows[1], [str(s) for s in rows[2]])
        left = np.array([values[i] for i in kept])
        return variance_components._of_balanced(
            design, left - variance_components._cell_means(design, left)[design.cell_of]
        )

    everything = list(range(len(values)))
    asked = [
        of(everything),
        of(everything[1:]),
        of([*everything, 0]),
        of([i for i in everything if methods[i] != "k2"]),
    ]
    assert [found is None for found in asked] == [False, True, True, False]
    fewer = [i for i in everything if (models[i], methods[i]) != ("net1", "k2")]
    assert of(fewer) is None


def test_one_model_and_two_methods_are_the_paired_t():
    rows = benchmark(1, 2, 8, effect=0.4)
    found = joint_analysis(*rows, reference="k0")
    first, second = np.array(rows[3]).reshape(2, 8)
    expected = stats.ttest_rel(second, first)
    (effect,) = found.effects
    assert effect.p == pytest.approx(expected.pvalue, rel=1e-3)
    assert effect.value == pytest.approx((second - first).mean())
    interval = expected.confidence_interval()
    assert (effect.low, effect.high) == pytest.approx((interval.low, interval.high), rel=1e-3)
    assert effect.df == 7


def test_balanced_data_have_the_components_of_the_analysis_of_variance():
    rows = benchmark(2, 3, 6)
    table = np.array(rows[3]).reshape(2, 3, 6)
    left = table - table.mean(2, keepdims=True) - table.mean(1, keepdims=True) + table.mean((1, 2), keepdims=True)
    found = joint_analysis(*rows, reference="k0")
    assert found.sd_residual == pytest.approx(np.sqrt((left**2).sum() / 20), rel=1e-3)


def test_errors_are_those_of_the_methods_own_differences_whatever_the_others_spread():
    """Two models: Welch and Satterthwaite's variance of the mean of two means of paired differences."""
    models, methods, seeds, values = benchmark(2, 3, 6)
    table = np.array(values).reshape(2, 3, 6)
    table[:, 2] += np.random.default_rng(1).normal(0, 30, (2, 6))
    found = joint_analysis(models, methods, seeds, table.ravel(), reference="k0")
    quiet, wild = found.effects
    for effect, difference in ((quiet, table[:, 1] - table[:, 0]), (wild, table[:, 2] - table[:, 0])):
        variances = difference.var(axis=1, ddof=1) / 6 / 4
        assert effect.standard_error == pytest.approx(np.sqrt(variances.sum()))
        assert effect.df == pytest.approx(variances.sum() ** 2 / (variances**2 / 5).sum())
        assert (effect.least, effect.most) == pytest.approx(tuple(sorted(difference.mean(axis=1))))
    assert wild.standard_error > 20 * quiet.standard_error


def test_the_means_are_those_of_generalised_least_squares():
    rng = np.random.default_rng(0)
    columns, groups, values = np.eye(3)[rng.integers(0, 3, 20)], rng.integers(0, 4, 20), rng.normal(size=20)
    between, within = 2.0, 0.5
    inverse = np.linalg.inv(within * np.eye(20) + between * (groups[:, None] == groups))
    expected = np.linalg.solve(columns.T @ inverse @ columns, columns.T @ inverse @ values)
    assert mixed._means(columns, groups, values, between / within) == pytest.approx(expected)
    with_empty = np.hstack([columns, np.zeros((20, 1))])
    assert mixed._means(with_empty, groups, values, between / within)[:3] == pytest.approx(expected)
    assert np.isnan(mixed._means(with_empty, groups, values, between / within)[3])


def test_a_method_that_always_equals_the_reference_is_told_so():
    models, methods, seeds, values = benchmark(2, 3, 6)
    table = np.array(values).reshape(2, 3, 6)
    table[:, 1] = table[:, 0]
    same, other = joint_analysis(models, methods, seeds, table.ravel(), reference="k0").effects
    assert (same.value, same.low, same.high, same.p) == (0, 0, 0, 1)
    assert other.low < other.value < other.high


def test_one_network_of_a_method_gives_a_value_and_no_interval():
    models, methods, seeds, values = benchmark(1, 3, 4)
    values = [np.nan if (k == "k2" and s > 0) else v for k, s, v in zip(methods, seeds, values)]
    found = {effect.method: effect for effect in joint_analysis(models, methods, seeds, values, reference="k0").effects}
    assert np.isfinite(found["k2"].value) and np.isnan([found["k2"].low, found["k2"].high, found["k2"].p]).all()
    assert found["k1"].p <= 1


def test_the_unit_is_the_trained_network():
    found = joint_analysis(*benchmark(2, 4, 6, effect=1.0), reference="k0")
    assert (found.n, found.unit, found.observations, found.models) == (12, "trained network", 48, 2)
    assert [effect.method for effect in found.effects] == ["k1", "k2", "k3"]
    assert [effect.value for effect in found.effects] == pytest.approx([1, 2, 3], abs=0.6)
    assert "Holm over 3 tests" in found.correction


@pytest.mark.parametrize("optimizers", [variance_components.OPTIMIZERS, ("lbfgs", *variance_components.OPTIMIZERS)])
def test_a_likelihood_that_is_infinite_on_the_boundary_is_not_believed(optimizers, monkeypatch):
    """Where networks share no variance an optimizer can stop at an infinite likelihood and too small a variance."""
    monkeypatch.setattr(variance_components, "OPTIMIZERS", optimizers)
    monkeypatch.setattr(variance_components, "_of_balanced", by_likelihood)
    for seed in range(12):
        rows = benchmark(2, 3, 6, network_sd=0.0, seed=seed)
        found = joint_analysis(*rows, reference="k0")
        table = np.array(rows[3]).reshape(2, 3, 6)
        left = table - table.mean(2, keepdims=True) - table.mean(1, keepdims=True) + table.mean((1, 2), keepdims=True)
        pooled = ((table - table.mean(2, keepdims=True)) ** 2).sum() / 30
        if pooled <= (left**2).sum() / 20:
            assert "degenerate" in found.note
            assert found.effects == ()
        else:
            assert found.sd_residual**2 == pytest.approx((left**2).sum() / 20, rel=1e-3)


@pytest.mark.parametrize(("between", "within"), [(9e-14, 1.0), (1.0, 0.0), (1.0, 1e-15), (np.nan, 1.0), (1.0, np.inf)])
def test_a_degenerate_fit_is_refused_in_a_sentence(between, within, monkeypatch):
    monkeypatch.setattr(variance_components, "_of_balanced", by_likelihood)
    monkeypatch.setattr(variance_components, "_of_likelihood", lambda *data: (between, within))
    found = joint_analysis(*benchmark(5, 3, 6), reference="k0")
    assert found.effects == ()
    assert found.note.endswith("the mixed model is degenerate and is not reported.")


def test_values_that_vary_by_network_alone_are_refused():
    models, methods, seeds, values = benchmark(5, 3, 4)
    table = np.array(values).reshape(5, 3, 4)
    alike = (table[:, :1] + np.arange(3)[:, None]).ravel()
    alike[0] = np.nan
    found = joint_analysis(models, methods, seeds, alike, reference="k0")
    assert found.effects == ()
    assert "not reported" in found.note


def test_it_keeps_its_level():
    rejected = 0
    for seed in range(60):
        found = joint_analysis(*benchmark(2, 3, 4, network_sd=0.5, seed=seed), reference="k0")
        rejected += min(effect.p for effect in found.effects) <= 0.05
    assert rejected <= 9  # 99.7% of Binomial(60, 0.05)


def test_it_keeps_its_level_where_methods_and_models_differ_in_spread():
    rejected = 0
    for seed in range(60):
        models, methods, seeds, values = benchmark(2, 3, 4, network_sd=0.5, seed=seed)
        table = np.array(values).reshape(2, 3, 4)
        wild = np.random.default_rng(1000 + seed).normal(0, 20, 4)
        table[1, 2] += wild
        found = joint_analysis(models, methods, seeds, table.ravel(), reference="k0")
        rejected += min(effect.p for effect in found.effects) <= 0.05
    assert rejected <= 9


def test_missing_values_and_cells_are_left_out():
    models, methods, seeds, values = benchmark(2, 3, 6, effect=2.0)
    values[0] = float("nan")
    kept = [i for i in range(len(values)) if (models[i], methods[i]) != ("net1", "k2")]
    found = joint_analysis(
        [models[i] for i in kept],
        [methods[i] for i in kept],
        [seeds[i] for i in kept],
        [values[i] for i in kept],
        reference="k0",
    )
    assert [effect.models for effect in found.effects] == [2, 1]
    assert found.effects[1].value == pytest.approx(4, abs=0.8)
    assert "1 observation without a value left out." in found.note


@pytest.mark.parametrize("rows", [benchmark(2, 3, 1), (["net"], ["k0"], [0], [1.0]), (["net"], ["k0"], [0], [np.nan])])
def test_too_few_networks_say_so(rows):
    found = joint_analysis(*rows, reference="k0")
    assert found.effects == ()
    assert found.note.startswith("Too few trained networks")


def test_values_without_variance_say_so():
    models, methods, seeds, _ = benchmark(2, 3, 6)
    found = joint_analysis(models, methods, seeds, np.full(len(models), 99.0), reference="k0")
    assert found.effects == ()
    assert "do not vary" in found.note


def test_what_does_not_converge_says_so_in_one_sentence_and_no_warning_leaks(monkeypatch):
    monkeypatch.setattr(variance_components, "OPTIMIZERS", ())
    monkeypatch.setattr(variance_components, "_of_balanced", by_likelihood)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = joint_analysis(*benchmark(2, 3, 6), reference="k0")
    assert found.note == "The mixed model did not converge and is not reported."
    assert np.isnan(found.sd_residual)


def test_no_warning_leaks_at_the_boundary(monkeypatch):
    monkeypatch.setattr(variance_components, "_of_balanced", by_likelihood)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        joint_analysis(*benchmark(2, 3, 6, network_sd=0.0), reference="k0")


def test_an_unknown_reference_and_uneven_columns_are_refused():
    with pytest.raises(InputError, match="did you mean 'k0'"):
        joint_analysis(*benchmark(1, 2, 3), reference="k00")
    with pytest.raises(InputError, match="one length"):
        joint_analysis(["a"], ["b"], [0], [1.0, 2.0], reference="b")


def test_few_networks_of_several_models_are_warned_of():
    assert joint_analysis(*benchmark(2, 3, 3), reference="k0").note == mixed.FEW
    assert mixed.FEW not in joint_analysis(*benchmark(1, 3, 3), reference="k0").note
    assert mixed.FEW not in joint_analysis(*benchmark(2, 3, 4), reference="k0").note
