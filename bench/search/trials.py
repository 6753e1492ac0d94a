"""Which chain to try next: Optuna's tree-structured Parzen estimator, for bytes and accuracy at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import optuna
from optuna.trial import TrialState

from bench.compress.variant import Variant
from bench.runner.plan_file import Trial
from bench.search.goal import Goal
from bench.search.space import Space

TOGETHER = 4  # trials that are chosen before any of them is known: the same for any number of workers

Try = Callable[[Sequence[Variant]], Sequence[Trial]]


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
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True)
    return optuna.create_study(directions=["minimize", "maximize"], sampler=sampler)


def _tell(study: optuna.Study, trial: optuna.Trial, goal: Goal, answer: Trial) -> None:
    if answer.payload is None or answer.accuracy is None:
        study.tell(trial, state=TrialState.FAIL)
        return
    for bound, excess in goal.excess(answer).items():
        trial.set_constraint(bound, excess)
    study.tell(trial, (math.log(answer.payload), answer.accuracy))
