"""Studies with few and with many methods, for what must stay legible with either."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.analysis.results import load
from bench.analysis.study import Study
from tests.invented import CONTROLS, METHODS, Invented, Runs

FAMILIES = ("quantization", "pruning", "structured pruning", "low rank", "binary", "Odd & <own>")
LOSSES = (0.0, 0.1, 0.3, 0.8, 2.0, 5.0, 25.0, 60.0)  # points


def crowd(count: int) -> tuple[Invented, ...]:
    """So many methods in sweeps of three settings, of all sizes, most of them near the original."""
    random = np.random.default_rng(count)
    methods = []
    for number in range(count):
        name, setting = number // 3, 0.1 * (number % 3 + 1)
        lost = float(random.choice(LOSSES) * random.uniform(0.5, 1.5))
        methods.append(
            Invented(
                f"method-{name}:setting={setting:.1f}",
                f"A method with a name, number {name} (setting {setting:.1f})",
                FAMILIES[name % len(FAMILIES)],
                kept=float(random.uniform(0.03, 0.6)),
                lost=lost,
                distance=float(min(0.6, 0.002 + 0.02 * lost + random.exponential(0.03))),
                finetunes=bool(number % 2),
            )
        )
    return (*CONTROLS, *methods)


@pytest.fixture(scope="session")
def few(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """One network and two methods."""
    runs = Runs(models=("resnet8",), variants=(*CONTROLS, METHODS[1], METHODS[6]))
    return Study(load(runs.write(tmp_path_factory.mktemp("few"))))


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """One network and forty methods."""
    folder: Path = Runs(models=("a_long_network_name_50",), variants=crowd(40)).write(tmp_path_factory.mktemp("many"))
    return Study(load(folder))
