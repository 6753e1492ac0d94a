"""The joint analysis: one linear mixed-effects model over model × method × seed."""

from __future__ import annotations

import warnings
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

OPTIMIZERS = ("powell", "nm", "bfgs")
TEST = (
    "linear mixed model: a mean for each model and method, a random intercept for each trained network (REML); "
    "standard errors from leaving out one trained network after another, so that methods and models may differ in "
    "spread; two-sided t, Welch-Satterthwaite df"
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
class _Fit:
    sd_networks: float
    sd_residual: float

    @property
    def ratio(self) -> float:
        """Variance between networks over variance within them."""
        return (self.sd_networks / self.sd_residual) ** 2


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


@dataclass(frozen=True, slots=True)
class _Design:
    """Which cell (model, method) and which trained network (model, seed) each observation belongs to."""

    cells: list[tuple[str, str]]
    cell_of: np.ndarray
    networks: list[tuple[str, str]]
    network_of: np.ndarray

    @property
    def models(self) -> list[str]:
        return sorted({model for model, _ in self.cells})

    @property
    def within_df(self) -> int:
        """Observations, less networks, less the contrasts between methods that vary within a network."""
        return len(self.cell_of) - len(self.networks) - (len(self.cells) - len(self.models))


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
        No effects, and the reason in `note`, if there are too few data for the model or it does not converge.

    Raises:
        InputError: the columns differ in length, or no observation has the reference.
    """
    values = np.asarray(value, dtype=np.float64)
    if not len(model) == len(method) == len(seed) == len(values):
        raise InputError("joint_analysis: model, method, seed and value must have one length.")
    if reference not in method:
        raise InputError(f"joint_analysis: unknown reference {reference!r}; {did_you_mean(reference, method)}")
    rows = np.flatnonzero(np.isfinite(values)).tolist()
    design = _design([str(model[i]) for i in rows], [str(method[i]) for i in rows], [str(seed[i]) for i in rows])
    fit, note = _fitted(design, values[rows])
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


def _design(models: list[str], methods: list[str], seeds: list[str]) -> _Design:
    in_cells, in_networks = list(zip(models, methods, strict=True)), list(zip(models, seeds, strict=True))
    cells, networks = sorted(set(in_cells)), sorted(set(in_networks))
    cell_number, network_number = ({key: i for i, key in enumerate(keys)} for keys in (cells, networks))
    return _Design(
        cells=cells,
        cell_of=np.array([cell_number[key] for key in in_cells], dtype=np.intp),
        networks=networks,
        network_of=np.array([network_number[key] for key in in_networks], dtype=np.intp),
    )


def _fitted(design: _Design, values: np.ndarray) -> tuple[_Fit | None, str]:
    """The fit, or None, and the sentence about it."""
    # Values are divided by their spread within cells first, so that the optimizer's tolerances and the thresholds below
    # mean the same for accuracies in percent and for a CKA.
    if len(design.networks) < 2 or design.within_df < 1:
        return None, "Too few trained networks for a mixed model."
    columns = np.eye(len(design.cells))[design.cell_of]
    centre = values - columns @ _cell_means(design, values)
    scale = float(centre.std())
    if scale <= 1e-12 * max(1.0, float(np.abs(values).max())):
        return None, "The values do not vary within a model and method, so that no mixed model can be fitted."
    components = _of_balanced(design, centre / scale) or _of_likelihood(values / scale, columns, design.network_of)
    if components is None:
        return None, "The mixed model did not converge and is not reported."
    between, within = components
    fit = _Fit(sd_networks=float(np.sqrt(between)) * scale, sd_residual=float(np.sqrt(within)) * scale)
    return fit, "" if between > 1e-6 else "The trained networks share no variance that could be estimated."


# For balanced data REML has a closed form, the analysis of variance (Searle, Casella and McCulloch 1992, section 4.8).
# With m methods, MS_between = m Σ(network mean)²/df estimates m·σ²_network + σ²_residual and MS_within estimates
# σ²_residual: the difference over m is σ²_network. Where it would be negative, the maximum lies on the boundary of no
# shared variance, and both sums of squares are pooled. This is exact and needs no optimizer.
def _of_balanced(design: _Design, centre: np.ndarray) -> tuple[float, float] | None:
    """Variance between and within networks if every network has every method once, as in a finished run; else None.

    Args:
        centre: (n,) values less their cells' means.
    """
    methods, models = len(design.cells) // len(design.models), len(design.models)
    pairs = np.unique(np.stack([design.cell_of, design.network_of]), axis=1).shape[1]
    sizes = np.bincount(design.network_of)
    if len(design.cells) != models * methods or not pairs == len(centre) == len(sizes) * methods or np.ptp(sizes):
        return None
    between = float((np.bincount(design.network_of, weights=centre) ** 2).sum()) / methods
    within = float(centre @ centre) - between
    between_df, within_df = len(sizes) - models, design.within_df
    squares = within / within_df
    if between_df < 1 or squares <= 1e-12:
        return None
    shared = (between / between_df - squares) / methods
    return (shared, squares) if shared > 0 else (0.0, (between + within) / (between_df + within_df))


def _of_likelihood(values: np.ndarray, columns: np.ndarray, groups: np.ndarray) -> tuple[float, float] | None:
    """Variance between and within networks by statsmodels' REML; None if it does not converge."""
    result = _converged_result(values, columns, groups)
    return None if result is None else (max(float(np.asarray(result.cov_re)[0, 0]), 0.0), float(result.scale))


def _cell_means(design: _Design, values: np.ndarray) -> np.ndarray:
    sums = np.bincount(design.cell_of, weights=values, minlength=len(design.cells))
    return sums / np.bincount(design.cell_of, minlength=len(design.cells))


def _converged_result(values: np.ndarray, columns: np.ndarray, groups: np.ndarray):
    """statsmodels' fit by the first optimizer that converges to a finite likelihood, or None."""
    # Imported here, since it takes a second, which the report need not spend: finished runs are balanced. On the
    # boundary of no shared variance some optimizers claim to have converged where the likelihood is infinite.
    from statsmodels.regression.mixed_linear_model import MixedLM

    for optimizer in OPTIMIZERS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                result = MixedLM(values, columns, groups).fit(reml=True, method=optimizer)
            except (np.linalg.LinAlgError, ValueError, ZeroDivisionError):
                continue
            if result.converged and np.isfinite(result.llf) and np.isfinite(result.fe_params).all():
                return result
    return None


def _effects(design: _Design, values: np.ndarray, fit: _Fit, reference: str, confidence: float) -> tuple[Effect, ...]:
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
    design: _Design, values: np.ndarray, ratio: float, model: str, reference: str
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


def _few(design: _Design) -> str:
    """The warning if several models have few networks; a single model has the exact t."""
    models = design.models
    least = min(sum(model == of_network for of_network, _ in design.networks) for model in models)
    return FEW if len(models) > 1 and least < FEWEST_NETWORKS else ""


def _left_out(count: int) -> str:
    return f"{count} observation{'s' * (count != 1)} without a value left out." if count else ""


_NAN = float("nan")
