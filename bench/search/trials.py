"""Which chain to try next: Optuna's tree-structured Parzen estimator (TPE), for bytes and accuracy at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import optuna
from optuna.trial import TrialState

from bench.compress.variant import Variant
from bench.runner.plan_file import Trial
from bench.search.goal import Goal
from bench.search.space import Space

TOGETHER = 4  # trials per step, whatever the number of workers: in other steps the sampler would try other chains

Try = Callable[[Sequence[Variant]], Sequence[Trial]]


def try_chains(space: Space, goal: Goal, count: int, seed: int, attempt: Try) -> tuple[Trial, ...]:
    """Try `count` chains; the same seed tries the same chains, with any number of workers.

    Args:
        attempt: compresses by each of several chains; a chain that cannot be applied is a trial without payload.

    Returns:
        The trials in the order in which they were tried; a chain may come twice.
    """
    study = _study(seed)
    trials: list[Trial] = []
    while len(trials) < count:
        suggestions = [study.ask() for _ in range(min(TOGETHER, count - len(trials)))]
        outcomes = attempt([space.choose(suggestion) for suggestion in suggestions])
        for suggestion, outcome in zip(suggestions, outcomes, strict=True):
            _tell(study, suggestion, goal, outcome)
        trials += outcomes
    return tuple(trials)


def _study(seed: int) -> optuna.Study:
    # TPE splits past trials into good and bad ones, models the density of settings in each, and suggests what is likely
    # among the good and unlikely among the bad (Bergstra et al. 2011; with several objectives, good means low
    # non-domination rank, Ozaki et al. 2022). `multivariate` models settings jointly, since a sparsity that is good
    # before 8 bits need not be good before 2.
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True)
    return optuna.create_study(directions=["minimize", "maximize"], sampler=sampler)


def _tell(study: optuna.Study, suggestion: optuna.Trial, goal: Goal, outcome: Trial) -> None:
    if outcome.payload is None or outcome.accuracy is None:
        study.tell(suggestion, state=TrialState.FAIL)
        return
    # Chains beyond a bound rank behind all others, by their excess. Halving 100 kB is worth as much as halving 10 kB.
    for bound, excess in goal.excess(outcome).items():
        suggestion.set_constraint(bound, excess)
    study.tell(suggestion, (math.log(outcome.payload), outcome.accuracy))
