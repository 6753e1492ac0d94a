"""The joint analysis: one linear mixed-effects model over model × method × seed."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from bench.errors import InputError, did_you_mean
from bench.statistics._arrays import fraction, joined
from bench.statistics.multiplicity import holm

OPTIMIZERS = ("powell", "nm", "bfgs")
TEST = (
    "linear mixed model: a mean for each model and method, a random intercept for each trained network, one residual "
    "variance for all; REML, t with within-network df"
)
ESTIMAND = "mean over these models and over seeds of the method's value minus the reference's"


@dataclass(frozen=True, slots=True)
class Effect:
    """One method against the reference, averaged over the models that have both.

    Attributes:
        method: name.
        value, low, high: difference and its interval, in the value's unit.
        standard_error: of the difference.
        p: two-sided, corrected by Holm over all methods.
        models: number of models averaged over.
    """

    method: str
    value: float
    low: float
    high: float
    standard_error: float
    p: float
    models: int


@dataclass(frozen=True, slots=True)
class JointAnalysis:
    """What the mixed model says.

    Attributes:
        effects: a method each, in alphabetic order; empty where the fit failed.
        reference: the method the others are compared with.
        sd_networks: SD of the random intercepts, what trained networks of one model share over all methods.
        sd_residual: SD of what is left.
        df: within-network degrees of freedom.
        n: trained networks (model × seed), the unit.
        unit: "trained network".
        observations, models: numbers of either.
        confidence: of the intervals.
        estimand, test, correction: in words for a caption.
        note: one sentence where the fit failed or must be read with care, else empty.
    """

    effects: tuple[Effect, ...]
    reference: str
    sd_networks: float
    sd_residual: float
    df: float
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
    means: np.ndarray
    covariance: np.ndarray
    sd_networks: float
    sd_residual: float


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
        """Observations less networks less the cells that vary within a network."""
        return len(self.cell_of) - len(self.networks) - (len(self.cells) - len(self.models))


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

    The models are fixed, so that the conclusions are about these models; seeds are the replication.

    Args:
        model, method, seed, value: one entry an observation; NaN values are left out.
        reference: the method to compare with, for example the fine-tuned control.

    Returns:
        Without effects, and with the reason in `note`, where the data do not carry the model or it does not
        converge.

    Raises:
        InputError: columns of different lengths, or a reference that no observation has.
    """
    values = np.asarray(value, dtype=np.float64)
    if not len(model) == len(method) == len(seed) == len(values):
        raise InputError("joint_analysis: model, method, seed and value must have one length.")
    if reference not in method:
        raise InputError(f"joint_analysis: unknown reference {reference!r}; {did_you_mean(reference, method)}")
    kept = np.flatnonzero(np.isfinite(values)).tolist()
    design = _design([str(model[i]) for i in kept], [str(method[i]) for i in kept], [str(seed[i]) for i in kept])
    fit, note = _fitted(design, values[kept])
    effects = _effects(design, fit, reference, fraction(confidence, "confidence")) if fit else ()
    size = len(effects)
    return JointAnalysis(
        effects=effects,
        reference=reference,
        sd_networks=fit.sd_networks if fit else _NAN,
        sd_residual=fit.sd_residual if fit else _NAN,
        df=float(design.within_df),
        n=len(design.networks),
        unit="trained network",
        observations=len(kept),
        models=len(design.models),
        confidence=confidence,
        estimand=ESTIMAND,
        test=TEST,
        correction=f"Holm over {size} test{'s' * (size != 1)} (methods against the reference)",
        note=joined(note, _left_out(len(values) - len(kept))),
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
    """The fit, or None; and the sentence about it."""
    if len(design.networks) < 2 or design.within_df < 1:
        return None, "Too few trained networks for a mixed model."
    columns = np.eye(len(design.cells))[design.cell_of]
    centre = values - columns @ _cell_means(design, values)
    scale = float(centre.std())
    if scale <= 1e-12 * max(1.0, float(np.abs(values).max())):
        return None, "The values do not vary within a model and method, so that no mixed model can be fitted."
    result = _converged_result(values / scale, columns, design.network_of)
    if result is None:
        return None, "The mixed model did not converge and is not reported."
    between, within = max(float(np.asarray(result.cov_re)[0, 0]), 0.0), float(result.scale)
    fit = _Fit(
        means=np.asarray(result.fe_params) * scale,
        covariance=_covariance_of_means(columns, design.network_of, between, within) * scale**2,
        sd_networks=float(np.sqrt(between)) * scale,
        sd_residual=float(np.sqrt(within)) * scale,
    )
    return fit, "" if between > 1e-6 else "The trained networks share no variance that could be estimated."


def _covariance_of_means(columns: np.ndarray, groups: np.ndarray, between: float, within: float) -> np.ndarray:
    """(X'V⁻¹X)⁻¹ for V = within·I + between·11' in each group, by Woodbury's identity."""
    sums = np.stack([np.bincount(groups, weights=column) for column in columns.T], axis=1)
    sizes = np.bincount(groups)
    shrink = between / (within + between * sizes)
    return within * np.linalg.inv(columns.T @ columns - sums.T @ (shrink[:, None] * sums))


def _cell_means(design: _Design, values: np.ndarray) -> np.ndarray:
    sums = np.bincount(design.cell_of, weights=values, minlength=len(design.cells))
    return sums / np.bincount(design.cell_of, minlength=len(design.cells))


def _converged_result(values: np.ndarray, columns: np.ndarray, groups: np.ndarray):
    """statsmodels' fit with the first optimizer that converges to a finite likelihood, or None.

    On the boundary of no shared variance some claim to converge where the likelihood is infinite.
    """
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


def _effects(design: _Design, fit: _Fit, reference: str, confidence: float) -> tuple[Effect, ...]:
    methods = sorted({method for _, method in design.cells} - {reference})
    contrasts = {method: _contrast(design, method, reference) for method in methods}
    usable = {method: contrast for method, contrast in contrasts.items() if contrast.any()}
    found = {method: (float(c @ fit.means), float(np.sqrt(c @ fit.covariance @ c))) for method, c in usable.items()}
    raw = [2 * stats.t.sf(abs(difference) / error, design.within_df) for difference, error in found.values()]
    half = float(stats.t.ppf(0.5 + confidence / 2, design.within_df))
    return tuple(
        Effect(
            method=method,
            value=difference,
            low=difference - half * error,
            high=difference + half * error,
            standard_error=error,
            p=p,
            models=int((usable[method] > 0).sum()),
        )
        for (method, (difference, error)), p in zip(found.items(), holm(raw).p, strict=True)
    )


def _contrast(design: _Design, method: str, reference: str) -> np.ndarray:
    """Weights of the cells in the mean, over the models that have both, of method minus reference."""
    place = {cell: i for i, cell in enumerate(design.cells)}
    shared = [model for model in design.models if (model, method) in place and (model, reference) in place]
    weights = np.zeros(len(design.cells))
    for model in shared:
        weights[place[model, method]] += 1 / len(shared)
        weights[place[model, reference]] -= 1 / len(shared)
    return weights


def _left_out(count: int) -> str:
    return f"{count} observation{'s' * (count != 1)} without a value left out." if count else ""


_NAN = float("nan")
