from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bench.calibrate._rows import Row
from bench.render.prose import text
from bench.render.study import Study
from bench.render.tables import calibration
from bench.render.texts import statistics

COVERS = Row(
    "debiased CKA, jackknife over images", "jackknife/a", "Gaussian", "coverage", 100, 0, 500, 0.95, 0.95, 0.93, 0.97,
    0.92, 0.985, "within", 0.0, 0.0, None,
)  # fmt: skip
OUTLIERS = replace(
    COVERS, scenario="jackknife/b", population="with outliers", measured=0.8, low=0.76, high=0.84,
    status="covers too little", warned=0.9, measured_unwarned=0.93,
)  # fmt: skip
REJECTS = replace(
    COVERS, what="paired t", scenario="paired-tests/a", kind="error rate", images=0, seeds=3, nominal=0.05,
    measured=0.08, low=0.06, high=0.1, lowest=0.0, highest=0.065, status="rejects too often",
)  # fmt: skip


@pytest.fixture
def beside(study: Study):
    """Write rows, a file each, beside the study's runs."""
    folder = study.results.store.folder.parent / ".calibration"
    folder.mkdir(exist_ok=True)

    def write(name: str, *rows: Row) -> None:
        content = {"spec": {}, "rows": [row.as_dict() for row in rows]}
        (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")

    yield write
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()


def rows(table):
    keys = [column.key for column in table.columns]
    return [dict(zip(keys, row.cells)) for row in table.rows]


def test_what_misses_is_listed_with_its_warnings(study: Study, beside):
    beside("one", COVERS, OUTLIERS)
    beside("two", REJECTS)
    overall, misses, everything = calibration.build(study)
    assert [group.title for group in overall.groups] == list(calibration.KINDS.values())
    jackknife, paired = rows(overall)
    assert [jackknife[key].value for key in ("settings", "within", "unwarned")] == [2, 1, 0]
    assert [jackknife[key].value for key in ("least", "most")] == pytest.approx([80, 95])
    assert paired["unwarned"].value == 1
    missed = rows(misses)
    assert [row["status"].value for row in missed] == ["covers too little", "rejects too often"]
    assert (missed[0]["measured"].value, missed[0]["warned"].value) == pytest.approx((80, 90))
    assert missed[0]["measured_unwarned"].value == pytest.approx(93)
    assert len(rows(everything)) == 3
    assert "Of 3 simulated settings of intervals and tests 1 keep" in text(statistics(study)[-1])
    assert "of the 2 that miss, 1 carried warnings" in text(statistics(study)[-1])


def test_of_two_simulations_of_a_setting_the_larger_counts(study: Study, beside):
    beside("a", replace(COVERS, replications=2000, measured=0.94))
    beside("b", COVERS)
    (row,) = rows(calibration.build(study)[-1])
    assert row["replications"].value == 2000


def test_where_all_is_within_nothing_is_listed_as_missing(study: Study, beside):
    beside("a", COVERS)
    assert [table.id for table in calibration.build(study)] == ["calibration", "calibration-settings"]


def test_without_a_simulation_the_report_says_so(study: Study, beside):
    (Path(study.results.store.folder).parent / ".calibration" / "damaged.json").write_text("{", encoding="utf-8")
    assert calibration.build(study) == []
    assert "was not simulated" in text(statistics(study)[-1])
