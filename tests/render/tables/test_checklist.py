from __future__ import annotations

from dataclasses import replace

import pytest

from bench.analysis.study import Study
from bench.render.tables.checklist import OPEN, QUESTIONS, build


def _answers(study: Study) -> dict[str, tuple[str, str]]:
    return {str(row["question"].value): (str(row["answer"].value), str(row["why"].value)) for row in build(study).rows}


def _with(study: Study, **columns: object) -> Study:
    return Study(replace(study.results, provenance=study.results.provenance.assign(**columns)))


def test_every_question_stands_once_and_most_are_left_to_the_authors(study: Study):
    answers = _answers(study)
    assert list(answers) == [question for question, _ in QUESTIONS]
    assert len(answers) == 16
    assert {question for question, (answer, _) in answers.items() if answer != OPEN} <= {
        "Experimental result reproducibility",
        "Experimental setting/details",
        "Experiment statistical significance",
        "Experiments compute resources",
    }


def test_a_clean_whole_run_is_reproducible(study: Study):
    clean = _with(study, commit="a" * 40, dirty=False)
    answer, why = _answers(clean)["Experimental result reproducibility"]
    if clean.results.count("done") == len(clean.results.cells):
        assert (answer, "aaaaaaaaaaaa" in why) == ("Yes", True)
    else:
        assert answer == OPEN and "without a result" in why


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"commit": "a" * 40, "dirty": True}, "changes were not committed"),
        ({"commit": "a" * 40, "dirty": None}, "or it is not known"),
        ({"commit": None, "dirty": False}, "not all cells come from one recorded commit"),
    ],
)
def test_what_is_not_proven_is_left_open(study: Study, columns: dict[str, object], told: str):
    answer, why = _answers(_with(study, **columns))["Experimental result reproducibility"]
    assert answer == OPEN and told in why


def test_the_time_is_the_sum_of_what_was_recorded(study: Study):
    timed = _with(study, wall_seconds=36.0, cpu_seconds=72.0)
    n = len(timed.results.provenance)
    answer, why = _answers(timed)["Experiments compute resources"]
    assert answer == "Yes"
    assert f"{n} cells: {n * 0.01:.2f} hours" in why and f"{n * 0.02:.2f} of CPU" in why
    assert _answers(_with(study, wall_seconds=None))["Experiments compute resources"][0] == OPEN
