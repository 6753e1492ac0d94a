"""The contract of a scenario: a population whose truth is known, and what the report would say about a sample of it."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from bench.statistics.estimate import Estimate

VERSION = 2  # of the simulations: raised when one changes, so that older results are simulated again


@dataclass(frozen=True, slots=True)
class Covers:
    """An interval of one replication.

    Attributes:
        value, low, high: the estimate and the ends of its interval.
        truth: what it should cover; NaN stands for the mean of `value` over all replications.
        warned: whether the estimate came with a warning.
        lowest: coverage that a report promises, missed where the simulation's interval excludes it; NaN for an interval
            that is held to the usual bounds.
    """

    value: float
    low: float
    high: float
    truth: float
    warned: bool
    lowest: float = float("nan")


@dataclass(frozen=True, slots=True)
class Rejects:
    """Tests of one replication whose null hypotheses are true.

    Attributes:
        share: 1 if a true null hypothesis was rejected, else 0; for a list of discoveries, the share of false ones.
    """

    share: float


@dataclass(frozen=True, slots=True)
class Counted:
    """How often something happened that the report promises to happen within bounds.

    A promise is missed where the simulation's interval excludes it. Without bounds it is described, not judged.

    Attributes:
        hits, trials: happenings among independent draws; a share of one draw's methods or blocks counts as one trial.
        lowest, highest: bounds of the rate.
    """

    hits: float
    trials: int = 1
    lowest: float = 0.0
    highest: float = 1.0

    def __add__(self, other: Counted) -> Counted:
        return replace(self, hits=self.hits + other.hits, trials=self.trials + other.trials)


@dataclass(frozen=True, slots=True)
class Averaged:
    """A number whose mean over draws is promised to lie within bounds, such as the bias of an estimate.

    Attributes:
        total, squares: sums of the number and of its square over `draws`.
        draws: independent ones.
        lowest, highest: bounds of the mean; both NaN if it is described, not judged.
        unit: of the number.
    """

    total: float
    squares: float
    draws: int
    lowest: float
    highest: float
    unit: str

    def __add__(self, other: Averaged) -> Averaged:
        sums = {name: getattr(self, name) + getattr(other, name) for name in ("total", "squares", "draws")}
        return replace(self, **sums)


Outcome = Covers | Rejects | Counted | Averaged
Outcomes = dict[str, Outcome]


@dataclass(frozen=True)
class Scenario(ABC):
    """A population and an analysis of samples from it: a frozen dataclass whose fields are its settings.

    A file in `bench/calibrate/scenarios/` holds one or more such classes and a function `scenarios()`, which yields all
    that are to be simulated. Settings are numbers and words, since they are part of the result's key.

    >>> from bench.statistics.intervals import seed_mean
    >>> @dataclass(frozen=True)
    ... class MeanOfNormals(Scenario):
    ...     number_of_seeds: int = 6
    ...     population = "normal values"
    ...     def replicate(self, rng):
    ...         return {"mean over seeds, t": covers(seed_mean(rng.normal(size=self.number_of_seeds)), truth=0.0)}
    >>> outcomes = [MeanOfNormals().replicate(np.random.default_rng(i))["mean over seeds, t"] for i in range(100)]
    >>> sum(outcome.low <= outcome.truth <= outcome.high for outcome in outcomes) > 90
    True

    Class attributes:
        effort: replications made for every hundred asked for; more than a hundred where one is cheap.
        part: replications that are simulated and kept at a time, where one takes long; 0 for all at once.
        revision: raised when what it simulates, or the analysis that it passes through, changes.
        thorough: whether it is part of `--size full` alone.
        recorded_as: the class's name in kept results, if it has been renamed since.
    """

    effort: ClassVar[int] = 100
    part: ClassVar[int] = 0
    revision: ClassVar[int] = 0
    thorough: ClassVar[bool] = False
    recorded_as: ClassVar[str] = ""

    @abstractmethod
    def replicate(self, rng: np.random.Generator) -> Outcomes:
        """Draw one new sample and analyse it: outcomes by the names that the table prints."""

    @property
    @abstractmethod
    def population(self) -> str:
        """The population in words."""

    @property
    def images(self) -> int:
        """Images in a sample; 0 if it has none."""
        return 0

    @property
    def seeds(self) -> int:
        """Seeds in a sample; 0 if it has none."""
        return 0

    @property
    def name(self) -> str:
        """Family and settings, for choosing scenarios."""
        family = type(self).__module__.rpartition(".")[2].replace("_", "-")
        return "/".join([family, *(str(value) for value in asdict(self).values())])

    def replications(self, requested: int) -> int:
        """Replications that this scenario makes if `requested` are asked for."""
        return max(requested * self.effort // 100, 2)

    # The class's name is part of the key, so that two classes with the same settings in one file differ. A class that
    # is renamed keeps the old name in `recorded_as`: with another key it would draw other random numbers.
    def spec(self, requested: int) -> dict[str, Any]:
        """Everything that determines the result."""
        return {
            "family": type(self).__module__,
            "scenario": self.recorded_as or type(self).__name__,
            "settings": asdict(self),
            "replications": self.replications(requested),
            "version": VERSION,
            **({"revision": self.revision} if self.revision else {}),
            **({"part": self.part} if self.part else {}),
        }

    def key(self, requested: int) -> str:
        """Name of the result's file, and the seed of its random numbers."""
        content = json.dumps(self.spec(requested), sort_keys=True, allow_nan=False)
        return hashlib.sha256(content.encode()).hexdigest()[:24]


def covers(estimate: Estimate, truth: float = float("nan"), lowest: float = float("nan")) -> Covers:
    """An outcome from an estimate."""
    return Covers(estimate.value, estimate.low, estimate.high, truth, bool(estimate.warning), lowest)


def rejects(p: float, alpha: float = 0.05) -> Rejects:
    """An outcome from a p value; NaN rejects nothing."""
    return Rejects(float(p <= alpha))


def counted(happened: bool | float | np.floating[Any], *, lowest: float = 0.0, highest: float = 1.0) -> Counted:
    """An outcome of one draw: whether something happened, or the share of cases in which it did."""
    return Counted(float(happened), 1, lowest, highest)


def averaged(values: ArrayLike, *, within: float = float("nan"), unit: str) -> Averaged:
    """An outcome from independent draws of a number whose mean should be 0 up to `within`; NaN if it is described."""
    numbers = np.atleast_1d(np.asarray(values, dtype=np.float64))
    return Averaged(float(numbers.sum()), float((numbers**2).sum()), numbers.size, -within, within, unit)
