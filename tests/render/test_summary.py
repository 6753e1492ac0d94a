from __future__ import annotations

from bench.render.findings import findings
from bench.render.prose import text
from bench.render.study import Study
from bench.render.summary import headlines, summary
from bench.render.tables.budget import best_within


def test_the_answer_names_the_method_under_the_budget_and_its_inside(study: Study):
    cards = list(headlines(study))
    assert [card.model for card in cards] == ["resnet8", "mobilenet-small"]
    assert all(card.budget == "100 kB" for card in cards)
    best = {label: study.mean("test_accuracy", "resnet8", label).value for label in _fitting(study, 100e3)}
    assert cards[0].picks[0].method == study.plan.variant(max(best, key=best.__getitem__)).title
    assert cards[0].picks[0].words in ("inside unchanged", "inside changed, by less than matters")


def test_the_smallest_that_is_level_stands_beside_the_most_accurate(study: Study):
    for card in headlines(study):
        best, ties = best_within(study, card.model, 100e3)
        sizes = {label: study.mean("payload_bytes", card.model, label).value for label in (best, *ties)}
        least = min(sizes, key=sizes.__getitem__)
        assert [pick.role for pick in card.picks][1:] == [
            f"Smallest of the {len(ties)} that 6 seeds cannot tell from it"
        ]
        assert card.picks[1].method == study.plan.variant(least).title
        assert card.note == ""


def test_the_report_may_name_its_budget(study_of):
    study = study_of(report={"budget_kb": 62.5})
    (card,) = headlines(study)
    assert card.budget == "62.5 kB"
    fitting = _fitting(study, 62.5e3)
    best = max(fitting, key=lambda label: study.mean("test_accuracy", "resnet8", label).value)
    assert card.picks[0].method == study.plan.variant(best).title
    assert text(summary(study)[1]).startswith("Under 62.5 kB the most accurate is ")


def test_a_budget_that_nothing_meets_is_said(study_of):
    study = study_of(report={"budget_kb": 0.5})
    assert list(headlines(study)) == []
    assert "no method fits into 0.5 kB." in text(findings(study)[0])


def test_one_seed_recommends_nothing_smaller_and_says_why(study_of):
    (card,) = headlines(study_of(models=("resnet8",), seeds=(0,)))
    assert len(card.picks) == 1
    assert card.note == "One seed cannot tell methods apart."


def test_the_counts_of_the_paragraph_are_those_of_the_verdicts(study: Study):
    words = [claim.verdict.word for (_, _, outcome), claim in study.claims.items() if outcome == "inside-pooled"]
    same = sum(word in ("equivalent", "different, by less than matters") for word in words)
    said = text(summary(study)[1])
    assert f"Of {len(words)} pairs of network and method, the inside is the same for {same} " in said
    assert f"different for {words.count('different')}, and cannot be told for {words.count('inconclusive')}." in said
    assert "Farthest goes Magnitude (sparsity 0.95)" in said


def test_nothing_done_is_said(runs, study_of):
    names = [cell.name for cell in runs(models=("resnet8",)).cells()]
    study = study_of(states=dict.fromkeys(names, "missing"))
    assert [text(sentence) for sentence in summary(study)][1] == "No method has a result yet."
    assert list(headlines(study)) == []


def _fitting(study: Study, limit: float) -> list[str]:
    methods = (variant.label for variant in study.plan.methods)
    return [label for label in methods if study.mean("payload_bytes", "resnet8", label).value <= limit]
