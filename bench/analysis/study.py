"""One profile's results together with everything that statistics say of them, computed once for all tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from bench.analysis import inside
from bench.analysis.claims import Claim, Evidence, Outcome, judge
from bench.analysis.inside import Inside
from bench.analysis.results import Results
from bench.runner.plan_file import PlanFile, PlannedVariant
from bench.statistics.estimate import Estimate
from bench.statistics.intervals import paired_difference, seed_mean
from bench.statistics.leading_set import LeadingSet, leading_set
from bench.statistics.multiplicity import Corrected, benjamini_hochberg
from bench.statistics.seed_equivalents import seed_equivalents
from bench.statistics.tests import t_of

if TYPE_CHECKING:
    from bench.analysis.across import Across
    from bench.analysis.answers import Hurt
    from bench.calibrate.rows import Row

from bench.roles import CONTROL, ORIGINAL, OTHER_SEED


@dataclass(frozen=True)
class BlockClaim:
    """One block of one variant: similarity to the original, and how it differs from the control's."""

    model: str
    variant: str
    feature: str
    block: str
    depth: int
    similarity: Estimate
    beyond: Estimate | None
    p: float
    p_corrected: float


@dataclass
class Study:
    """Results of one profile, and what follows from them.

    Attributes:
        insides: by (model, variant, feature), for those that have any; influences are dropped once they are used.
    """

    results: Results
    _seed_values: dict[tuple[str, str, str], np.ndarray] = field(default_factory=dict)

    @property
    def plan(self) -> PlanFile:
        """The profile's plan."""
        return self.results.plan

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the networks."""
        return tuple(model.name for model in self.plan.models)

    @property
    def seeds(self) -> int:
        """How many the profile asks for."""
        return len(self.plan.seeds)

    def per_seed(self, metric: str, model: str, variant: str) -> np.ndarray:
        """(S,) a metric of a variant, of its packed file first and of its comparison with the original else."""
        key = (metric, model, variant)
        if key not in self._seed_values:
            kind = "compressed" if metric in self.results.compressed else "compared"
            self._seed_values[key] = self.results.by_seed(kind, metric, model, variant)
        return self._seed_values[key]

    def mean(self, metric: str, model: str, variant: str) -> Estimate:
        """A metric's mean over seeds."""
        return seed_mean(self.per_seed(metric, model, variant))

    def difference(self, metric: str, model: str, variant: str, reference: str) -> Estimate:
        """A metric's mean difference to another variant's, paired by seed."""
        return paired_difference(self.per_seed(metric, model, variant), self.per_seed(metric, model, reference))

    def has_results(self, model: str) -> bool:
        """Whether any method of a model has an accuracy."""
        return any(self.mean("test_accuracy", model, variant.label).n for variant in self.plan.methods)

    def hole(self, model: str, variant: str, kind: str = "compress") -> str:
        """Why a variant has no result of that kind: the worst state among its cells; empty where all are done."""
        states = self._states.get((kind, model, variant), set())
        return next((state for state in ("failed", "refused", "damaged", "missing") if state in states), "")

    @cached_property
    def _states(self) -> dict[tuple[str, str, str], set[str]]:
        found: dict[tuple[str, str, str], set[str]] = {}
        cells = self.results.cells
        for kind, model, variant, state in zip(cells["kind"], cells["model"], cells["variant"], cells["state"]):
            found.setdefault((kind, model, variant), set()).add(state)
        return found

    @cached_property
    def outcomes(self) -> tuple[Outcome, ...]:
        """The co-primary questions."""
        margins = self.plan.margins
        accuracy = (
            Outcome(
                "accuracy", "Top-1, less original", "top-1 of the packed file less the original's", "points",
                margins.accuracy, 2,
            ),
            Outcome(
                "accuracy-control", "Top-1, less control", "top-1 of the packed file less the fine-tuned control's",
                "points", margins.accuracy, 2,
            ),
        )  # fmt: skip
        return accuracy + tuple(
            Outcome(
                f"inside-{feature}",
                f"CKA, less control ({feature})",
                f"debiased linear CKA to the original ({feature} features, mean over blocks) "
                "less the fine-tuned control's",
                "CKA",
                margins.cka,
                4,
            )
            for feature in self.plan.features
        )

    @cached_property
    def insides(self) -> dict[tuple[str, str, str], Inside]:
        """Every variant's similarity to the original, by (model, variant, feature)."""
        return {
            (model, variant, feature): found
            for model in self.models
            for variant in inside.comparable(self.plan)
            for feature, found in inside.read(self.results, model, variant).items()
        }

    @cached_property
    def claims(self) -> dict[tuple[str, str, str], Claim]:
        """By (model, variant, outcome), methods only; one family of tests a model."""
        found: dict[tuple[str, str, str], Claim] = {}
        for model in self.models:
            evidence = [
                each
                for variant in self.plan.methods
                for outcome in self.outcomes
                if (each := self._evidence(model, variant, outcome)) is not None
            ]
            for claim in judge(evidence, self.plan.alpha, f"methods x outcomes of {model}"):
                found[model, claim.evidence.variant, claim.evidence.outcome.key] = claim
        return found

    def _evidence(self, model: str, variant: PlannedVariant, outcome: Outcome) -> Evidence | None:
        if outcome.unit == "points":
            reference = ORIGINAL if outcome.key == "accuracy" else CONTROL
            ours, theirs = (100 * self.per_seed("test_accuracy", model, v) for v in (variant.label, reference))
            difference, per_seed = paired_difference(ours, theirs), ours - theirs
        else:
            feature = outcome.key.removeprefix("inside-")
            own = self.insides.get((model, variant.label, feature))
            control = self.insides.get((model, CONTROL, feature))
            if own is None or control is None or own.influence.shape != control.influence.shape:
                return None
            difference, per_seed = own.beyond(control), own.mean_values - control.mean_values
        if not difference.n:
            return None
        return Evidence(model, variant.label, outcome, difference, tuple(per_seed.tolist()))

    @cached_property
    def leading(self) -> dict[str, LeadingSet]:
        """By model: the methods whose top-1 cannot be told from the best method's."""
        return {
            model: leading_set(
                {variant.label: self.per_seed("test_accuracy", model, variant.label) for variant in self.plan.methods},
                alpha=self.plan.alpha,
                family="methods of a model",
            )
            for model in self.models
        }

    def distance(self, model: str, variant: str, feature: str) -> Estimate | None:
        """Seed-equivalents of a variant's inside, mean over blocks."""
        own, other = (self.insides.get((model, label, feature)) for label in (variant, OTHER_SEED))
        return None if own is None or other is None else seed_equivalents(own.mean_values, other.mean_values)

    @cached_property
    def across(self) -> tuple[Across, ...]:
        """All models together, an outcome each; empty for a single model."""
        from bench.analysis.across import across

        return across(self)

    @cached_property
    def hurt(self) -> tuple[Hurt, ...]:
        """Which classes and images each method costs."""
        from bench.analysis.answers import hurt

        return tuple(hurt(self))

    @cached_property
    def calibration(self) -> list[Row]:
        """What `calibrate` simulated beside the runs, of what this version simulates."""
        folder = self.results.store.folder.parent / ".calibration"
        if not folder.is_dir():
            return []
        from bench.calibrate.run import kept  # with every measure that is simulated

        return kept(folder)

    @cached_property
    def blocks(self) -> list[BlockClaim]:
        """Every block of every variant; Benjamini-Hochberg over methods and blocks of a model and feature."""
        return [
            claim for model in self.models for feature in self.plan.features for claim in self._blocks(model, feature)
        ]

    def _blocks(self, model: str, feature: str) -> list[BlockClaim]:
        control = self.insides.get((model, CONTROL, feature))
        drafts = []
        for variant in inside.comparable(self.plan):
            own = self.insides.get((model, variant, feature))
            for depth, block in enumerate(own.blocks if own else ()):
                assert own is not None
                fits = control is not None and variant != CONTROL and own.influence.shape == control.influence.shape
                beyond = own.beyond_at(control, depth) if fits and control is not None else None
                tested = beyond is not None and not self.plan.variant(variant).control
                p = t_of(beyond).p if beyond is not None and tested else float("nan")
                drafts.append((variant, block, depth, own.at(depth), beyond, p))
        adjusted = self.block_correction(model, feature, [draft[-1] for draft in drafts]).p
        return [BlockClaim(model, v, feature, b, d, s, y, p, q) for (v, b, d, s, y, p), q in zip(drafts, adjusted)]

    def block_correction(self, model: str, feature: str, p: list[float]) -> Corrected:
        """Benjamini-Hochberg over the methods and blocks of a model."""
        return benjamini_hochberg(p, family=f"methods x blocks of {model}, {feature}", alpha=self.plan.alpha)
