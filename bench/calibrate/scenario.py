"""The contract of a scenario: a population whose truth is known, and what the report would say about a sample of it."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from bench.statistics.estimate import Estimate

VERSION = 2  # of the simulations: raised when one changes, so that older results are simulated again


@dataclass(frozen=True, slots=True)
class Covers:
    """An interval of one replication.

    Attributes:
        value, low, high: the estimate and the ends of its interval.
        truth: what it should cover; NaN stands for the mean of `value` over all replications.
        warned: whether the estimate came with a warning.
    """

    value: float
    low: float
    high: float
    truth: float
    warned: bool


@dataclass(frozen=True, slots=True)
class Rejects:
    """Tests of one replication whose null hypotheses are true.

    Attributes:
        share: 1 if a true null hypothesis was rejected, else 0; for a list of discoveries, the share of false ones.
    """

    share: float


Outcomes = dict[str, Covers | Rejects]


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
        recorded_as: the class's name in kept results, if it has been renamed since.
    """

    effort: ClassVar[int] = 100
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
        }

    def key(self, requested: int) -> str:
        """Name of the result's file, and the seed of its random numbers."""
        content = json.dumps(self.spec(requested), sort_keys=True, allow_nan=False)
        return hashlib.sha256(content.encode()).hexdigest()[:24]


def covers(estimate: Estimate, truth: float = float("nan")) -> Covers:
    """An outcome from an estimate."""
    return Covers(estimate.value, estimate.low, estimate.high, truth, bool(estimate.warning))


def rejects(p: float, alpha: float = 0.05) -> Rejects:
    """An outcome from a p value; NaN rejects nothing."""
    return Rejects(float(p <= alpha))
