from __future__ import annotations

from dataclasses import replace

import pytest

from bench.analysis.study import Study
from bench.render.text.checklist import NA, NO, QUESTIONS, YES, Answer, Question, checklist, merged

REPRODUCIBLE, COMPUTE = "Experimental result reproducibility", "Experiments compute resources"


def answers(study: Study) -> dict[str, Answer]:
    return {question.heading: question.answer for question in checklist(study)}


def with_provenance(study: Study, **columns: object) -> Study:
    return Study(replace(study.results, provenance=study.results.provenance.assign(**columns)))


def test_only_questions_that_a_run_can_answer_stand_in_their_order(study: Study):
    numbers = [question.number for question in checklist(study)]
    assert numbers == sorted(set(numbers)) == [number for number, *_ in QUESTIONS]
    assert not {1, 5, 9, 10, 11, 12, 13, 16} & set(numbers)  # of the paper as a whole, or of its authors
    assert {answer.word for answer in answers(study).values()} <= {YES, NO, NA}
    assert all(question.asks.endswith("?") and question.answer.why for question in checklist(study))


def test_a_clean_whole_run_is_reproducible(study: Study):
    clean = with_provenance(study, commit="a" * 40, dirty=False)
    answer = answers(clean)[REPRODUCIBLE]
    if clean.results.count("done") == len(clean.results.cells):
        assert (answer.word, "aaaaaaaaaaaa" in answer.why) == (YES, True)
    else:
        assert answer.word == NO and "without a result" in answer.why


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"commit": "a" * 40, "dirty": True}, "changes were not committed"),
        ({"commit": "a" * 40, "dirty": None}, "or it is not known"),
        ({"commit": None, "dirty": False}, "not all cells come from one recorded commit"),
    ],
)
def test_what_is_not_proven_is_no_yes(study: Study, columns: dict[str, object], told: str):
    answer = answers(with_provenance(study, **columns))[REPRODUCIBLE]
    assert answer.word == NO and told in answer.why


def test_the_time_is_the_sum_of_what_was_recorded(study: Study):
    timed = with_provenance(study, wall_seconds=36.0, cpu_seconds=72.0)
    n = len(timed.results.provenance)
    answer = answers(timed)[COMPUTE]
    assert answer.word == YES
    assert f"{n} cells: {n * 0.01:.2f} hours" in answer.why and f"{n * 0.02:.2f} of CPU" in answer.why
    assert answers(with_provenance(study, wall_seconds=None))[COMPUTE].word == NO


def test_several_profiles_say_yes_only_together():
    one, other = (
        [Question(4, "Heading", "Is it?", Answer(word, why))] for word, why in ((YES, "All."), (NO, "One is lost."))
    )
    assert merged([one], ["a"]) == one
    assert merged([one, one], ["a", "b"]) == one
    assert merged([one, other], ["a", "b"])[0].answer == Answer(NO, "a: All. b: One is lost.")
