"""Which chain to try next: Optuna's tree-structured Parzen estimator, for bytes and accuracy at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.compress.variant import Variant, parse
from bench.runner.plan_file import SearchedNetwork, Trial
from bench.search.goal import Goal, front
from bench.search.space import Space

if TYPE_CHECKING:
    import optuna

TOGETHER = 4  # trials that are chosen before any of them is known: the same for any number of workers

Try = Callable[[Sequence[Variant]], Sequence[Trial]]


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


def try_chains(space: Space, goal: Goal, count: int, seed: int, attempt: Try) -> tuple[Trial, ...]:
    """Try `count` chains, the same ones for the same seed whoever does the work.

    Args:
        attempt: compresses by each of several chains; never raises for a chain that cannot be.
    """
    study = _study(seed)
    trials: list[Trial] = []
    while len(trials) < count:
        asked = [study.ask() for _ in range(min(TOGETHER, count - len(trials)))]
        answers = attempt([space.choose(trial) for trial in asked])
        for trial, answer in zip(asked, answers, strict=True):
            _tell(study, trial, goal, answer)
        trials += answers
    return tuple(trials)


def _study(seed: int) -> optuna.Study:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True)
    return optuna.create_study(directions=["minimize", "maximize"], sampler=sampler)


def _tell(study: optuna.Study, trial: optuna.Trial, goal: Goal, answer: Trial) -> None:
    from optuna.trial import TrialState

    if answer.payload is None or answer.accuracy is None:
        study.tell(trial, state=TrialState.FAIL)
        return
    for bound, excess in goal.excess(answer).items():
        trial.set_constraint(bound, excess)
    study.tell(trial, (math.log(answer.payload), answer.accuracy))
