"""Variance between trained networks and within them, by restricted maximum likelihood (REML)."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

OPTIMIZERS = ("powell", "nm", "bfgs")
NOT_SHARED = "The trained networks share no variance that could be estimated"
DEGENERATE = 1e-6  # of the variance within cells: a component below it is the optimizer's zero


@dataclass(frozen=True, slots=True)
class Components:
    """Standard deviations of the random intercepts of trained networks, and of the residuals."""

    sd_networks: float
    sd_residual: float

    @property
    def ratio(self) -> float:
        """Variance between networks over variance within them."""
        return (self.sd_networks / self.sd_residual) ** 2


@dataclass(frozen=True, slots=True)
class Design:
    """Which cell (model, method) and which trained network (model, seed) each observation belongs to.

    Attributes:
        cells, networks: sorted, each once.
        cell_of, network_of: (n,) index into these, by observation.
    """

    cells: list[tuple[str, str]]
    cell_of: np.ndarray
    networks: list[tuple[str, str]]
    network_of: np.ndarray

    @property
    def models(self) -> list[str]:
        """Names, sorted."""
        return sorted({model for model, _ in self.cells})

    @property
    def within_df(self) -> int:
        """Observations, less networks, less the contrasts between methods that vary within a network."""
        return len(self.cell_of) - len(self.networks) - (len(self.cells) - len(self.models))


def design_of(models: list[str], methods: list[str], seeds: list[str]) -> Design:
    """The design of observations, given model, method and seed of each."""
    in_cells, in_networks = list(zip(models, methods, strict=True)), list(zip(models, seeds, strict=True))
    cells, networks = sorted(set(in_cells)), sorted(set(in_networks))
    cell_number, network_number = ({key: i for i, key in enumerate(keys)} for keys in (cells, networks))
    return Design(
        cells=cells,
        cell_of=np.array([cell_number[key] for key in in_cells], dtype=np.intp),
        networks=networks,
        network_of=np.array([network_number[key] for key in in_networks], dtype=np.intp),
    )


def variance_components(design: Design, values: np.ndarray) -> tuple[Components | None, str]:
    """Fit the mixed model's variances to (n,) values.

    Returns:
        None if there are too few data, no optimizer converges or a variance is 0, with the sentence that says so.
    """
    # Values are divided by their spread within cells first, so that the optimizer's tolerances and the thresholds below
    # mean the same for accuracies in percent and for a CKA.
    if len(design.networks) < 2 or design.within_df < 1:
        return None, "Too few trained networks for a mixed model."
    columns = np.eye(len(design.cells))[design.cell_of]
    centre = values - columns @ _cell_means(design, values)
    scale = float(centre.std())
    if scale <= 1e-12 * max(1.0, float(np.abs(values).max())):
        return None, "The values do not vary within a model and method, so that no mixed model can be fitted."
    # On the boundary of no shared variance the analysis of variance is exact. A likelihood's maximum there is where its
    # optimizer happened to stop (an SD of 3e-7, with anything as standard error), and is not believed.
    components, exact = _of_balanced(design, centre / scale), True
    if components is None:
        components, exact = _of_likelihood(values / scale, columns, design.network_of), False
    if components is None:
        return None, "The mixed model did not converge and is not reported."
    between, within = components
    if not (np.isfinite(components).all() and within > DEGENERATE):
        return None, "Nothing but the trained network varies: the mixed model is degenerate and is not reported."
    if between <= DEGENERATE and not exact:
        return None, f"{NOT_SHARED}: the mixed model is degenerate and is not reported."
    fit = Components(sd_networks=float(np.sqrt(between)) * scale, sd_residual=float(np.sqrt(within)) * scale)
    return fit, "" if between > DEGENERATE else f"{NOT_SHARED}."


# For balanced data REML has a closed form, the analysis of variance (Searle, Casella and McCulloch 1992, section 4.8).
# With m methods, MS_between = m Σ(network mean)²/df estimates m·σ²_network + σ²_residual and MS_within estimates
# σ²_residual: the difference over m is σ²_network. Where it would be negative, the maximum lies on the boundary of no
# shared variance, and both sums of squares are pooled. This is exact and needs no optimizer.
def _of_balanced(design: Design, centre: np.ndarray) -> tuple[float, float] | None:
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


def _cell_means(design: Design, values: np.ndarray) -> np.ndarray:
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
            except (ArithmeticError, LookupError, ValueError):  # LinAlgError is a ValueError
                continue
            if result.converged and np.isfinite(result.llf) and np.isfinite(result.fe_params).all():
                return result
    return None
