"""What a scenario is: a population whose truth is known, and what the report would say of a sample from it."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from bench.statistics.estimate import Estimate

VERSION = 2  # of the simulations: raised when one changes, so that results kept from before are made anew


@dataclass(frozen=True, slots=True)
class Covers:
    """An interval of one replication.

    Attributes:
        truth: what it should cover; NaN where that is the mean of `value` over all replications.
        warned: whether the estimate came with a warning.
    """

    value: float
    low: float
    high: float
    truth: float
    warned: bool


@dataclass(frozen=True, slots=True)
class Rejects:
    """Tests of one replication whose null hypotheses hold.

    Attributes:
        share: 1 where a true null hypothesis was rejected, else 0; of a list of finds, the share of false ones.
    """

    share: float


Outcomes = dict[str, Covers | Rejects]


@dataclass(frozen=True)
class Scenario(ABC):
    """A population and a way of looking at samples from it: fields are its settings, numbers and words only.

    Class attributes:
        effort: replications made for every hundred asked for; more than a hundred where one is cheap.
        recorded_as: the class's name in kept results, if it has been renamed since.
    """

    effort: ClassVar[int] = 100
    recorded_as: ClassVar[str] = ""

    @abstractmethod
    def replicate(self, rng: np.random.Generator) -> Outcomes:
        """What is found in one new sample, by what it is called in the table."""

    @property
    @abstractmethod
    def population(self) -> str:
        """The population in words."""

    @property
    def images(self) -> int:
        """Images in a sample; 0 where there are none."""
        return 0

    @property
    def seeds(self) -> int:
        """Seeds in a sample; 0 where there are none."""
        return 0

    @property
    def name(self) -> str:
        """Family and settings, to choose scenarios by."""
        family = type(self).__module__.rpartition(".")[2].replace("_", "-")
        return "/".join([family, *(str(value) for value in asdict(self).values())])

    def replications(self, asked: int) -> int:
        """Replications that this scenario makes of those asked for."""
        return max(asked * self.effort // 100, 2)

    def spec(self, asked: int) -> dict[str, Any]:
        """Everything that determines the result."""
        return {
            "family": type(self).__module__,
            "scenario": self.recorded_as or type(self).__name__,
            "settings": asdict(self),
            "replications": self.replications(asked),
            "version": VERSION,
        }

    def key(self, asked: int) -> str:
        """Name of the result's file, and the source of its random numbers."""
        content = json.dumps(self.spec(asked), sort_keys=True, allow_nan=False)
        return hashlib.sha256(content.encode()).hexdigest()[:24]


def covers(estimate: Estimate, truth: float = float("nan")) -> Covers:
    """An estimate as an outcome."""
    return Covers(estimate.value, estimate.low, estimate.high, truth, bool(estimate.warning))


def rejects(p: float, alpha: float = 0.05) -> Rejects:
    """A p value as an outcome; one that could not be found rejects nothing."""
    return Rejects(float(p <= alpha))
