from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest

from bench import registry
from bench.calibrate import parts, run
from bench.calibrate.run import calibrate
from bench.calibrate.scenario import Covers, Outcomes, Rejects, Scenario, averaged, counted


@dataclass(frozen=True)
class Long(Scenario):
    """One that is simulated in parts of seven."""

    part: ClassVar[int] = 7

    name_of: str = "a"

    def replicate(self, rng: np.random.Generator) -> Outcomes:
        value = float(rng.normal())
        return {
            "interval": Covers(value, value - 2, value + 2, float("nan"), warned=False),
            "test": Rejects(float(rng.random() < 0.05)),
            "word": counted(rng.random() < 0.3, highest=0.05),
            "bias": averaged([value], within=0.5, unit="points"),
        }

    @property
    def population(self) -> str:
        return "normal numbers"


@pytest.fixture(autouse=True)
def _long(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(registry, "names", lambda package: ("long",))
    monkeypatch.setattr(
        registry, "load", lambda package, name, what: SimpleNamespace(scenarios=lambda: iter([Long(), Long("b")]))
    )


def test_parts_add_up_to_all_replications():
    assert parts.sizes(Long(), 20) == [7, 7, 6]
    assert [len(parts.draw(Long(), 20, part)) for part in range(3)] == [7, 7, 6]


def test_a_killed_run_that_goes_on_gives_the_same_table(tmp_path, monkeypatch):
    whole = calibrate(tmp_path / "whole", replications=20)
    drawn, kept = [], parts.draw

    def until_the_fifth(scenario, replications, part):
        if len(drawn) == 4:
            raise KeyboardInterrupt
        drawn.append((scenario.name, part))
        return kept(scenario, replications, part)

    monkeypatch.setattr(parts, "draw", until_the_fifth)
    with pytest.raises(KeyboardInterrupt):
        calibrate(tmp_path / "part", replications=20)
    assert len(drawn) == 4
    assert {file.suffix for file in (tmp_path / "part").iterdir()} == {".json", ".part"}
    monkeypatch.setattr(parts, "draw", lambda *part: drawn.append(part) or kept(*part))
    assert calibrate(tmp_path / "part", replications=20) == whole
    assert len(drawn) == 6
    assert {file.name: file.read_bytes() for file in (tmp_path / "part").iterdir()} == {
        file.name: file.read_bytes() for file in (tmp_path / "whole").iterdir()
    }


def test_outcomes_survive_their_file(tmp_path):
    parts.keep(tmp_path, Long(), 20, 2)
    kept, drawn = parts.read(tmp_path, Long(), 20, 2), parts.draw(Long(), 20, 2)
    assert repr(kept) == repr(drawn)  # NaN differs from itself
    assert parts.gathered(tmp_path, Long(), 20) is None


def test_a_damaged_part_is_made_anew(tmp_path):
    parts.keep(tmp_path, Long(), 20, 0)
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    for damage in (b"{", b"[]", b'[[["interval", "Nothing", {}]]]', b'[["interval"]]'):
        file.write_bytes(damage)
        assert parts.read(tmp_path, Long(), 20, 0) is None
        parts.keep(tmp_path, Long(), 20, 0)
        assert file.read_bytes() == whole


def test_rates_of_parts_are_those_of_all_at_once(tmp_path):
    at_once = [rate for scenario in (Long(), Long("b")) for rate in run.simulate(scenario, 20)]
    assert calibrate(tmp_path, replications=20) == at_once
