"""The joint analysis: one linear mixed-effects model over model × method × seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from bench.errors import InputError, did_you_mean
from bench.statistics.arrays import ROUNDING, fraction, joined
from bench.statistics.estimate import Estimate
from bench.statistics.intervals import satterthwaite
from bench.statistics.multiplicity import holm
from bench.statistics.tests import t_of
from bench.statistics.variance_components import Components, Design, design_of, variance_components

TEST = (
    "linear mixed model, with a mean for each network and method and a random intercept for each training (REML). "
    "Standard errors come from leaving out one training after another, so that methods and networks may differ in "
    "spread. Two-sided t, Welch-Satterthwaite df"
)
FEWEST_NETWORKS = 4
FEW = "Fewer than 4 networks a model: where models differ in spread, tests at 5% can reject in 10%."
ESTIMAND = "mean over these models and over seeds of the method's value minus the reference's"


@dataclass(frozen=True, slots=True)
class Effect:
    """One method against the reference, averaged over the models that have both.

    Attributes:
        method: name.
        value, low, high: difference and its interval, in the value's unit.
        standard_error, df: of the difference.
        p: two-sided, corrected by Holm over all methods.
        models: number of models averaged over.
        least, most: the smallest and the largest difference of a single model.
    """

    method: str
    value: float
    low: float
    high: float
    standard_error: float
    df: float
    p: float
    models: int
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class JointAnalysis:
    """The results of the mixed model.

    Attributes:
        effects: one per method, in alphabetic order; empty if the fit failed.
        reference: the method that the others are compared with.
        sd_networks: SD of the random intercepts: what a trained network adds to its values under all methods.
        sd_residual: SD of the residuals, the same for all methods.
        n: trained networks (model × seed), the unit.
        unit: "trained network".
        observations, models: their numbers.
        confidence: of the intervals.
        estimand, test, correction: in words for a caption.
        note: one sentence if the fit failed or must be read with care, else empty.
    """

    effects: tuple[Effect, ...]
    reference: str
    sd_networks: float
    sd_residual: float
    n: int
    unit: str
    observations: int
    models: int
    confidence: float
    estimand: str
    test: str
    correction: str
    note: str = ""

    def as_dict(self) -> dict[str, object]:
        """All fields, ready for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Difference:
    """One model's difference between a method and the reference.

    Attributes:
        variance: of the difference; NaN if fewer than two networks have both.
        pairs: networks that have both.
    """

    value: float
    variance: float
    pairs: int


# The model: y = mean of its (model, method) cell + intercept of its trained network + residual. All methods start from
# the same trained networks, and the random intercept takes out of every comparison what makes a network good under all
# of them. Models are fixed, because a handful of architectures is no sample of all. Variance components come from REML,
# but standard errors do not trust them: they are jackknifed over networks, so that methods and models may scatter
# differently. In a complete design every effect equals the paired difference, with its Welch-Satterthwaite t; the model
# earns its keep where cells are missing.
def joint_analysis(
    model: Sequence[str],
    method: Sequence[str],
    seed: Sequence[object],
    value: ArrayLike,
    *,
    reference: str,
    confidence: float = 0.95,
) -> JointAnalysis:
    """Fit value ~ model × method + (1 | model:seed) and compare every method with the reference.

    Args:
        model, method, seed, value: one entry per observation; NaN values are left out.
        reference: the method to compare with, for example the fine-tuned control.

    Returns:
        No effects, and the reason in `note`, if there are too few data for the model, it does not converge, or it is
        degenerate.

    Raises:
        InputError: the columns differ in length, or no observation has the reference.
    """
    values = np.asarray(value, dtype=np.float64)
    if not len(model) == len(method) == len(seed) == len(values):
        raise InputError("joint_analysis: model, method, seed and value must have one length.")
    if reference not in method:
        raise InputError(f"joint_analysis: unknown reference {reference!r}; {did_you_mean(reference, method)}")
    rows = np.flatnonzero(np.isfinite(values)).tolist()
    design = design_of([str(model[i]) for i in rows], [str(method[i]) for i in rows], [str(seed[i]) for i in rows])
    fit, note = variance_components(design, values[rows])
    fraction(confidence, "confidence")
    effects = _effects(design, values[rows], fit, reference, confidence) if fit else ()
    size = len(effects)
    return JointAnalysis(
        effects=effects,
        reference=reference,
        sd_networks=fit.sd_networks if fit else _NAN,
        sd_residual=fit.sd_residual if fit else _NAN,
        n=len(design.networks),
        unit="trained network",
        observations=len(rows),
        models=len(design.models),
        confidence=confidence,
        estimand=ESTIMAND,
        test=TEST,
        correction=f"Holm over {size} test{'s' * (size != 1)} (methods against the reference)",
        note=joined(note, _few(design) if effects else "", _left_out(len(values) - len(rows))),
    )


def _effects(
    design: Design, values: np.ndarray, fit: Components, reference: str, confidence: float
) -> tuple[Effect, ...]:
    differences: dict[str, list[_Difference]] = {}
    for model in design.models:
        for method, difference in _differences(design, values, fit.ratio, model, reference):
            differences.setdefault(method, []).append(difference)
    methods, size = sorted(differences), ROUNDING * float(np.abs(values).max())
    estimates = [_mean_over_models(differences[method], size, confidence) for method in methods]
    corrected = holm([t_of(estimate).p for estimate in estimates]).p
    return tuple(
        Effect(
            method=method,
            value=estimate.value,
            low=estimate.low,
            high=estimate.high,
            standard_error=estimate.standard_error,
            df=estimate.df,
            p=p,
            models=len(differences[method]),
            least=min(difference.value for difference in differences[method]),
            most=max(difference.value for difference in differences[method]),
        )
        for method, estimate, p in zip(methods, estimates, corrected, strict=True)
    )


def _differences(
    design: Design, values: np.ndarray, ratio: float, model: str, reference: str
) -> Iterator[tuple[str, _Difference]]:
    """Every method of one model less the reference, with the jackknife's variance over the model's networks."""
    # Cell means are estimated again without each trained network in turn, at the fitted ratio of variances, and the
    # spread of their differences over those replicates is the variance: (S - 1)/S Σ(d₍ᵢ₎ - d̄)². A network is left out
    # with all its methods, because its values share an intercept. Two networks with both methods are needed.
    rows = np.array([design.cells[cell][0] == model for cell in design.cell_of])
    cells, cell_of = np.unique(design.cell_of[rows], return_inverse=True)
    columns, groups, of_model = np.eye(len(cells))[cell_of], design.network_of[rows], values[rows]
    methods = [design.cells[cell][1] for cell in cells]
    if reference not in methods:
        return
    means = _means(columns, groups, of_model, ratio)
    networks = np.unique(groups)
    others = [groups != network for network in networks]
    without = np.stack([_means(columns[rest], groups[rest], of_model[rest], ratio) for rest in others])
    has = np.stack([columns[~rest].any(axis=0) for rest in others])
    base = methods.index(reference)
    for cell, method in enumerate(methods):
        if method != reference:
            replicates, pairs = without[:, cell] - without[:, base], int((has[:, cell] & has[:, base]).sum())
            variance = (len(networks) - 1) * float(replicates.var()) if pairs > 1 else _NAN
            yield method, _Difference(float(means[cell] - means[base]), variance, pairs)


def _means(columns: np.ndarray, groups: np.ndarray, values: np.ndarray, ratio: float) -> np.ndarray:
    """Mean of every cell by generalised least squares, (XᵀV⁻¹X)⁻¹XᵀV⁻¹y; NaN for empty cells.

    Args:
        columns: (n, cells), 1 where an observation is in a cell.
        groups: (n,) network of each observation.
        ratio: variance between networks over that within them.
    """
    # V = I + ratio·ZZᵀ, Z marking which network an observation belongs to. By Woodbury's identity
    # V⁻¹ = I - Z diag(ratio/(1 + ratio·size)) Zᵀ: no n × n matrix is formed, and only one of the cells' size is solved.
    means, filled = np.full(columns.shape[1], _NAN), columns.any(axis=0)
    used, members = columns[:, filled], (groups[:, None] == np.unique(groups)).astype(float)
    shrink = ratio / (1.0 + ratio * members.sum(axis=0))
    sums = shrink[:, None] * (members.T @ used)
    left = used.T @ used - (members.T @ used).T @ sums
    if used.size:
        means[filled] = np.linalg.solve(left, used.T @ values - sums.T @ (members.T @ values))
    return means


def _mean_over_models(differences: Sequence[_Difference], rounding: float, confidence: float) -> Estimate:
    """Mean over models, whose networks are independent; numbers below rounding are 0."""
    # Models have variances of their own, which are never pooled: the df of their sum are Welch and Satterthwaite's.
    value = float(np.mean([difference.value for difference in differences]))
    variances = [difference.variance / len(differences) ** 2 for difference in differences]
    error = float(np.sqrt(np.sum(variances)))
    df = satterthwaite(variances, [difference.pairs - 1 for difference in differences]) if np.isfinite(error) else _NAN
    value, error = (0.0 if abs(number) <= rounding else number for number in (value, error))
    half = 0.0 if error == 0.0 else float(stats.t.ppf(0.5 + confidence / 2, df)) * error
    n = sum(difference.pairs for difference in differences)
    return Estimate(value, value - half, value + half, n, "seed", TEST, confidence, error, df, estimand=ESTIMAND)


def _few(design: Design) -> str:
    """The warning if several models have few networks; a single model has the exact t."""
    models = design.models
    least = min(sum(model == of_network for of_network, _ in design.networks) for model in models)
    return FEW if len(models) > 1 and least < FEWEST_NETWORKS else ""


def _left_out(count: int) -> str:
    return f"{count} observation{'s' * (count != 1)} without a value left out." if count else ""


_NAN = float("nan")
