"""What the measurement of the driver computes; how fast it is depends on the machine and is no test."""

from __future__ import annotations

import pytest

from bench import profile
from bench.runner import plan
from bench.runner.sound import NEEDED, check_contents
from bench.speed import cells
from bench.speed._empty_cells import KINDS, empty


@pytest.mark.parametrize("count", [1_000, 5_000])
def test_the_profile_has_about_as_many_cells_as_wanted(count):
    made = plan.make(profile.parse("many", cells.profile(count)), "f" * 16)
    assert 0.8 * count < len(made.cells) < 2.5 * count


@pytest.mark.parametrize("kind", KINDS)
def test_empty_cells_count_as_done(kind):
    files = empty(kind)
    assert set(files) >= set(NEEDED[kind])
    metrics = {"parameters": 1, "payload_bytes": 1, "file_bytes": 1, "none": 1}
    check_contents(kind, {"metrics.json": metrics}, files)


def test_a_small_plan_is_measured():
    found = cells.measured(cells=200, worked=3)
    assert found["cells"] >= 200
    assert found["start"] > 0 and found["cell"] > 0 and found["status"] > 0
    assert 10e6 < found["memory"] < 2e9
