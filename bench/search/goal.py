"""The goal of a search, the best network within a budget or the smallest above a floor of accuracy, and its result."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bench.compress.variant import Variant, parse
from bench.errors import InputError
from bench.runner.plan_file import SearchedNetwork, Trial
from bench.task import Primary, with_unit
from bench.task.classification import CLASSIFICATION


@dataclass(frozen=True)
class Goal:
    """At least one of two bounds, both inclusive.

    Attributes:
        budget: most payload bytes.
        floor: least primary outcome on the validation images, as printed.
        primary: that outcome.
    """

    budget: int | None = None
    floor: float | None = None
    primary: Primary = CLASSIFICATION.primary

    def __post_init__(self) -> None:
        if self.budget is None and self.floor is None:
            raise InputError(
                "say what to look for: the best within --budget SIZE, or the smallest of at least --floor PERCENT"
            )
        most = self.primary.scale * self.primary.highest
        if self.floor is not None and not 0 <= self.floor <= most:
            unit = {"%": "percent"}.get(self.primary.level_unit, self.primary.level_unit)
            level = f"{self.primary.noun} in {unit}" if unit else self.primary.noun
            article = "an" if level[0] in "aeiou" else "a"
            raise InputError(f"--floor is {article} {level}, from 0 to {most:g}, given {self.floor:g}")

    def excess(self, trial: Trial) -> dict[str, float]:
        """How far the trial is beyond each bound: bytes as a share of the budget, the outcome as printed.

        At most 0 for a bound that it keeps.
        """
        assert trial.payload is not None and trial.accuracy is not None
        excess = {}
        if self.budget is not None:
            excess["budget"] = trial.payload / self.budget - 1
        if self.floor is not None:
            excess["floor"] = self.floor - trial.accuracy
        return excess

    def best(self, trials: Iterable[Trial]) -> Trial | None:
        """The smallest trial if there is a floor, else the most accurate; None if none keeps the bounds."""
        # Labels break ties, so that the choice does not depend on the order in which trials ended.
        fit = [trial for trial in trials if trial.payload is not None and max(self.excess(trial).values()) <= 0]
        if self.floor is not None:
            return min(fit, key=lambda t: (t.payload or 0, -(t.accuracy or 0), t.label), default=None)
        return min(fit, key=lambda t: (-(t.accuracy or 0), t.payload or 0, t.label), default=None)

    @property
    def text(self) -> str:
        """E.g. `at most 20,000 bytes and at least 97% on validation`."""
        parts = [f"at most {self.budget:,} bytes"] if self.budget is not None else []
        if self.floor is not None:
            parts.append(f"at least {with_unit(f'{self.floor:g}', self.primary.level_unit)} on validation")
        return " and ".join(parts)


def front(trials: Iterable[Trial]) -> list[Trial]:
    """Trials that no other beats in bytes and accuracy at once, from small to large, each chain once."""
    # From small to large, a trial is on the front if it is more accurate than the last one there.
    efficient: list[Trial] = []
    by_label = {trial.label: trial for trial in trials if trial.payload is not None}
    for trial in sorted(by_label.values(), key=lambda t: (t.payload or 0, -(t.accuracy or 0), t.label)):
        if not efficient or (trial.accuracy or 0) > (efficient[-1].accuracy or 0):
            efficient.append(trial)
    return efficient


@dataclass(frozen=True)
class NetworkSearch:
    """A finished search on one network.

    Attributes:
        original: the uncompressed network.
        trials: in the order in which they were tried; a chain may come twice.
        best: what the goal chooses among them.
    """

    model: str
    goal: Goal
    original: Trial
    trials: tuple[Trial, ...]

    @property
    def best(self) -> Trial | None:
        """The trial of the chain to use; None if no chain keeps the bounds."""
        return self.goal.best(self.trials)

    @property
    def chain(self) -> Variant | None:
        """The best trial's chain."""
        return parse(self.best.label) if self.best else None

    @property
    def record(self) -> SearchedNetwork:
        """As kept in `plan.json`."""
        return SearchedNetwork(
            model=self.model,
            budget=self.goal.budget,
            floor=self.goal.floor,
            original=self.original,
            trials=self.trials,
            front=tuple(trial.label for trial in front(self.trials)),
            best=self.best.label if self.best else None,
        )
