from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from bench.analysis.cards import Cards, cards, claim_of
from bench.analysis.choice import largest_payload
from bench.analysis.claims import claim_on
from bench.analysis.outcomes import primary
from bench.analysis.study import Study

ORIGINAL, HALF, QUARTER, TENTH = "original", "float16", "nncf-int8-ptq", "magnitude-finetune:sparsity=0.95"
LABELS = (ORIGINAL, "finetune", "other-seed", HALF, QUARTER, TENTH)
BYTES = {ORIGINAL: 1000, HALF: 500, QUARTER: 250, TENTH: 90}
VALIDATION, TEST, SIZE = "validation_accuracy", "test_accuracy", "payload_bytes"


@pytest.fixture
def few(study_of, variants) -> Study:
    return study_of(variants=tuple(variants[label] for label in LABELS))


@pytest.fixture
def known(few: Study, monkeypatch) -> Callable[..., Cards]:
    """Cards of three methods of 500, 250 and 90 bytes beside an original of 1,000, with other metrics where named."""

    def build(budget: float | None = None, **levels: float | list[float]) -> Cards:
        study = Study(few.results)
        given = study.per_seed
        changed = {(SIZE, label): size for label, size in BYTES.items()}
        changed |= {(VALIDATION, ORIGINAL): 0.95, (VALIDATION, HALF): 0.95}
        changed |= {(VALIDATION, QUARTER): 0.947, (VALIDATION, TENTH): 0.90}
        for name, value in levels.items():
            label = {"half": HALF, "quarter": QUARTER, "tenth": TENTH, "original": ORIGINAL}[name.split("_")[0]]
            changed[SIZE if name.endswith("_bytes") else VALIDATION, label] = value

        def per_seed(metric: str, model: str, label: str) -> np.ndarray:
            if (metric, label) in changed:
                return np.broadcast_to(np.array(changed[metric, label], float), 6)
            return given(metric, model, label)

        monkeypatch.setattr(study, "per_seed", per_seed)
        if budget is not None:
            theme = study.plan.report.model_copy(update={"budget_kb": budget})
            monkeypatch.setattr(Study, "plan", study.results.plan.model_copy(update={"report": theme}))
        return cards(study)["resnet8"]

    return build


def steps(found) -> list[tuple[float, str | None]]:
    return [(start, card.label if card else None) for start, card in found]


def test_budgets_change_at_the_methods_sizes_alone(known):
    found = known()
    assert steps(found.budgets) == [(0, None), (90, TENTH), (250, QUARTER), (500, HALF)]
    assert [found.within(budget) and found.within(budget).label for budget in (89, 90, 249, 250, 999)] == [
        None, TENTH, TENTH, QUARTER, HALF,
    ]  # fmt: skip


def test_a_variant_fits_if_its_largest_file_over_seeds_does(known):
    found = known(tenth_bytes=[90, 90, 90, 90, 90, 130])
    assert steps(found.budgets)[:2] == [(0, None), (130, TENTH)]


def test_a_method_that_fits_on_average_alone_is_named(known):
    sizes = [450, 450, 450, 450, 450, 550]
    found = known(half_bytes=sizes)
    mean = 467  # 466.7 bytes, rounded up
    assert [(start, card and card.label, card and card.missed) for start, card in found.budgets] == [
        (0, None, None), (90, TENTH, ""), (250, QUARTER, ""), (mean, QUARTER, HALF), (550, HALF, ""),
    ]  # fmt: skip
    assert {card.missed for _, card in known(half_bytes=sizes, quarter=0.96).budgets if card} == {""}


def test_ties_go_to_the_smallest(known):
    found = known(tenth=0.95, quarter=0.95)
    assert {label for _, label in steps(found.budgets)[1:]} == {TENTH}
    assert found.margin.label == TENTH


def test_the_smallest_that_loses_at_most_the_margin_on_validation(known):
    assert known().margin.label == QUARTER
    assert known(quarter=0.945).margin.label == QUARTER
    assert known(quarter=0.9449).margin.label == HALF
    assert known(quarter=0.9, half=0.9).margin is None


def test_floors_change_where_a_method_no_longer_reaches_them(known):
    found = known(tenth=0.90004)
    assert steps(found.floors) == [(0.0, TENTH), (90.01, QUARTER), (94.71, HALF), (95.01, None)]
    assert [card and card.label for card in map(found.above, (90.0, 90.01, 94.7, 94.71, 95.0, 95.01))] == [
        TENTH, QUARTER, QUARTER, HALF, HALF, None,
    ]  # fmt: skip


def test_a_floor_at_a_mean_that_rounding_makes_a_little_smaller_is_reached(known):
    found = known(quarter=0.1 + 0.2, half=0.1, tenth=0.1)
    assert found.above(30.0).label == QUARTER


def test_presets_are_shares_of_the_original_that_something_fits(known):
    found = known()
    assert [(preset.name, preset.bytes) for preset in found.presets] == [("1/2", 500), ("1/4", 250), ("1/10", 100)]
    assert found.budget == 100


def test_the_first_budget_is_the_share_nearest_to_a_tenth_that_something_fits(known):
    assert known(tenth_bytes=240).budget == 250
    assert known(tenth_bytes=3).budget == 100


@pytest.mark.parametrize(("budget", "first"), [(0.3, 300), (0.999, 999), (1.0, 100), (1000.0, 100)])
def test_a_profiles_budget_stands_unless_the_original_meets_it(known, budget, first):
    found = known(budget=budget)
    assert found.budget == first
    assert all(preset.bytes < 1000 for preset in found.presets)
    assert max(start for start, _ in found.budgets) < 1000


def test_files_that_are_larger_than_the_original_fit_no_budget(known):
    found = known(half_bytes=2000, quarter_bytes=1000, tenth_bytes=1500)
    assert found.budgets == ((0, None),)
    assert found.presets == ()
    assert found.budget == 999


def test_the_first_floor_is_a_round_level_some_margins_below_the_originals(known):
    assert known(tenth=0.94, quarter=0.94, tenth_bytes=90).floor == 93.0
    assert known(original=0.01, half=0.02, quarter=0.02).floor == 0.0


def test_the_first_floor_is_one_that_a_method_of_its_own_reaches(known):
    """The tenth is the budget's card and the quarter the margin's: the half alone reaches the original's 95%."""
    found = known()
    assert found.floor == 95.0
    assert [card.label for card in found.shown] == [TENTH, QUARTER, HALF]


def test_where_no_round_floor_is_fresh_the_highest_level_is_shown(known):
    found = known(quarter=0.952, half=0.9532)
    assert [card.label for card in found.shown] == [TENTH, QUARTER, HALF]
    assert found.floor == 95.32


def test_rivals_fit_the_budget_or_are_no_larger(known):
    found = known()
    assert found.within(999).rivals == 2
    assert found.within(90).rivals == 0
    assert found.margin.rivals == 1


def test_a_cards_word_is_the_claims(study: Study):
    for model, found in cards(study).items():
        assert found.shown
        for card in found.shown:
            assert claim_of(study, card) is claim_on(study, model, card.label, primary(study))


def test_every_card_of_a_budget_fits_it_and_is_the_best_on_validation(study: Study):
    for model, found in cards(study).items():
        for start, card in found.budgets[1:]:
            fit = [v.label for v in study.plan.methods if largest_payload(study, model, v.label) <= start]
            levels = {label: study.per_seed(VALIDATION, model, label).mean() for label in fit}
            assert card is not None and card.label in fit
            assert levels[card.label] == pytest.approx(max(levels.values()))
            assert set(card.ties) <= set(fit) - {card.label}


def test_without_validation_figures_the_choice_is_by_test_images(known):
    found = known(half=np.nan, quarter=np.nan, tenth=np.nan)
    assert {card.choice.by for card in found.shown} == {"test"}


def test_few_seeds_tell_no_rival_apart(study_of, variants):
    study = study_of(variants=tuple(variants[label] for label in LABELS), seeds=(0, 1))
    found = cards(study)["resnet8"].within(10**9)
    assert found is not None
    assert found.silent == "seeds"
    assert len(found.ties) == found.rivals


def test_nothing_was_measured(study_of, runs, variants):
    few = tuple(variants[label] for label in LABELS)
    states = {cell.name: "failed" for cell in runs(models=("resnet8",), variants=few).cells()}
    found = cards(study_of(variants=few, states=states))["resnet8"]
    assert found == Cards("resnet8", None, ((0, None),), None, (), (), 0, 0.0)
    assert found.shown == ()
