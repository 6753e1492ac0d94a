from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bench.analysis.study import Study
from bench.calibrate.rates import MeasuredRate
from bench.calibrate.run import chosen_scenarios
from bench.render.kit.prose import text
from bench.render.tables import calibration
from bench.render.text.sections import statistics

FIRST, SECOND, *_ = chosen_scenarios("jackknife/*")
TEST, *_ = chosen_scenarios("paired-tests/*")
COVERS = MeasuredRate(
    "debiased CKA, jackknife over images", FIRST.name, "Gaussian", "coverage", 100, 0, 500, 0.95, 0.95, 0.93, 0.97,
    0.92, 0.985, "within", 0.0, 0.0, None,
)  # fmt: skip
OUTLIERS = replace(
    COVERS, scenario=SECOND.name, population="with outliers", measured=0.8, low=0.76, high=0.84,
    status="covers too little", warned=0.9, measured_unwarned=0.93,
)  # fmt: skip
REJECTS = replace(
    COVERS, what="paired t", scenario=TEST.name, kind="error rate", images=0, seeds=3, nominal=0.05,
    measured=0.08, low=0.06, high=0.1, lowest=0.0, highest=0.065, status="rejects too often",
)  # fmt: skip


@pytest.fixture
def study(study: Study) -> Study:
    """One that has not read what lies beside its runs yet."""
    return Study(study.results)


@pytest.fixture
def beside(study: Study):
    """Write a scenario's rows as a file beside the study's runs."""
    folder = study.results.store.folder.parent / ".calibration"
    folder.mkdir(exist_ok=True)

    def write(population, row: MeasuredRate, name: str = "", **changes) -> None:
        spec = {**population.spec(2), "replications": row.replications, **changes}
        content = {"spec": spec, "rows": [row.as_dict()]}
        (folder / f"{name or population.key(2)}.json").write_text(json.dumps(content), encoding="utf-8")

    yield write
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()


def rows(table):
    return [row.data for row in table.rows]


def test_what_misses_is_listed_with_its_warnings(study: Study, beside):
    beside(FIRST, COVERS)
    beside(SECOND, OUTLIERS)
    beside(TEST, REJECTS)
    overall, misses, everything = calibration.build(study)
    assert [group.title for group in overall.groups] == list(calibration.KINDS.values())
    jackknife, paired = rows(overall)
    assert [jackknife[key].value for key in ("settings", "within", "unwarned")] == [2, 1, 0]
    assert [jackknife[key].value for key in ("least", "most")] == pytest.approx([80, 95])
    assert paired["unwarned"].value is None
    missed = rows(misses)
    assert [row["status"].value for row in missed] == ["covers too little", "rejects too often"]
    assert (missed[0]["measured"].value, missed[0]["warned"].value) == pytest.approx((80, 90))
    assert missed[0]["measured_unwarned"].value == pytest.approx(93)
    assert len(rows(everything)) == 3
    said = text(statistics(study)[-1])
    assert "Simulated settings of intervals and tests that keep what they promise: 1 of 3." in said
    assert "Of those whose intervals do not, 1 of 1 warn in most estimates." in said


def test_of_two_simulations_of_a_setting_the_larger_counts(study: Study, beside):
    beside(FIRST, replace(COVERS, replications=2000, measured=0.94), "a")
    beside(FIRST, COVERS, "b")
    (row,) = rows(calibration.build(study)[-1])
    assert row["replications"].value == 2000


def test_what_another_version_simulated_is_left_out(study: Study, beside):
    beside(FIRST, COVERS)
    beside(SECOND, OUTLIERS, version=0)
    beside(TEST, REJECTS, scenario="NoSuchScenario")
    assert [row["scenario"].value for row in rows(calibration.build(study)[-1])] == [FIRST.name]


def test_where_all_is_within_nothing_is_listed_as_missing(study: Study, beside):
    beside(FIRST, COVERS)
    assert text(statistics(study)[-1]).endswith("that keep what they promise: 1 of 1. Simulated: in part.")
    assert [table.id for table in calibration.build(study)] == ["calibration", "calibration-settings"]


def test_without_a_simulation_the_report_says_so(study: Study, beside):
    (Path(study.results.store.folder).parent / ".calibration" / "damaged.json").write_text("{", encoding="utf-8")
    assert calibration.build(study) == []
    assert "was not simulated" in text(statistics(study)[-1])
