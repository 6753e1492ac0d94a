from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

from bench import registry
from bench.calibrate.scenario import Covers, Outcomes, Rejects, Scenario


@dataclass(frozen=True)
class Coin(Scenario):
    """An interval that covers with a known probability, and a test that rejects with another."""

    covering: float = 0.95
    rejecting: float = 0.05

    def replicate(self, rng: np.random.Generator) -> Outcomes:
        off = 0.0 if rng.random() < self.covering else 5.0
        return {
            "interval": Covers(off, off - 1, off + 1, 0.0, warned=off > 0),
            "test": Rejects(float(rng.random() < self.rejecting)),
        }

    @property
    def population(self) -> str:
        return "coins"


def _coins() -> Iterator[Scenario]:
    yield Coin()
    yield Coin(covering=0.8)
    yield Coin(rejecting=0.2)


@pytest.fixture
def coins(monkeypatch: pytest.MonkeyPatch) -> type[Coin]:
    """The only family there is, in this process."""
    monkeypatch.setattr(registry, "names", lambda package: ("coins",))
    monkeypatch.setattr(registry, "load", lambda package, name, what: SimpleNamespace(scenarios=_coins))
    return Coin
