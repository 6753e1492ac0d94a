"""What the tests of scenarios share: the rates of a few replications."""

from collections.abc import Callable

import numpy as np
import pytest

from bench.calibrate.rates import MeasuredRate, rates_of
from bench.calibrate.scenario import Scenario


@pytest.fixture
def by_what() -> Callable[..., dict[str, MeasuredRate]]:
    """Rates of a scenario by what they measure."""

    def simulated(scenario: Scenario, replications: int, seed: int = 0) -> dict[str, MeasuredRate]:
        rng = np.random.default_rng(seed)
        return {rate.what: rate for rate in rates_of(scenario, [scenario.replicate(rng) for _ in range(replications)])}

    return simulated
