from __future__ import annotations

import numpy as np
import pytest

from bench.analysis import choice
from bench.analysis.budget import best_within, fitting, leading
from bench.analysis.choice import Choice, largest_payload, most_accurate, smallest_keeping
from bench.analysis.study import Study
from bench.statistics.simultaneous import highest_of

BEST, OTHER, SMALL = "nncf-int8-qat", "nncf-int8-ptq", "magnitude-finetune:sparsity=0.9+nncf-int8-ptq"
LABELS = [BEST, OTHER, SMALL]


@pytest.fixture
def validated(study: Study, monkeypatch):
    """The study with other metrics of single methods: of (metric, label), (S,) values."""

    def build(changed: dict[tuple[str, str], object]) -> Study:
        given = study.per_seed

        def per_seed(metric: str, model: str, label: str) -> np.ndarray:
            values = changed.get((metric, label))
            return given(metric, model, label) if values is None else np.broadcast_to(np.array(values, float), 6)

        fresh = Study(study.results)
        monkeypatch.setattr(fresh, "per_seed", per_seed)
        return fresh

    return build


def on_validation(**levels: float) -> dict[tuple[str, str], object]:
    return {("validation_accuracy", label): level for label, level in zip(LABELS, levels.values())}


def test_the_highest_on_validation_is_chosen_whatever_the_test_images_say(validated):
    study = validated({**on_validation(a=0.90, b=0.91, c=0.80), ("test_accuracy", BEST): 0.99})
    found = most_accurate(study, "resnet8", LABELS)
    assert found is not None
    assert (found.label, found.by, found.among) == (OTHER, "validation", 3)


def test_ties_go_to_the_smallest_up_to_rounding(validated):
    study = validated(on_validation(a=0.3, b=0.1 + 0.2, c=0.3))
    found = most_accurate(study, "resnet8", LABELS)
    assert found is not None
    assert found.label == SMALL


def test_a_method_fits_a_budget_if_its_largest_file_does(validated):
    sizes = np.array([50e3] * 5 + [60e3])
    study = validated({("payload_bytes", BEST): sizes})
    assert largest_payload(study, "resnet8", BEST) == 60e3
    assert BEST not in fitting(study, "resnet8", 55e3)
    assert BEST in fitting(study, "resnet8", 60e3)


def test_the_smallest_that_keeps_the_margin_on_validation(validated):
    """The original is at 0.95 and the margin 0.5 points."""
    levels = {**on_validation(a=0.95, b=0.946, c=0.9451), ("validation_accuracy", "original"): 0.95}
    found = smallest_keeping(validated(levels), "resnet8", LABELS)
    assert found is not None
    assert found.label == SMALL
    levels |= on_validation(a=0.95, b=0.946, c=0.9449)
    found = smallest_keeping(validated(levels), "resnet8", LABELS)
    assert found is not None
    assert found.label == min((BEST, OTHER), key=lambda label: largest_payload(validated({}), "resnet8", label))
    levels |= on_validation(a=0.94, b=0.94, c=0.94)
    assert smallest_keeping(validated(levels), "resnet8", LABELS) is None


def test_a_loss_of_exactly_the_margin_is_kept(validated):
    levels = {**on_validation(a=0.9, b=0.9, c=0.95 - 0.005), ("validation_accuracy", "original"): 0.95}
    found = smallest_keeping(validated(levels), "resnet8", LABELS)
    assert found is not None
    assert found.label == SMALL


def test_without_validation_figures_the_interval_holds_for_the_highest(validated):
    study = validated({("validation_accuracy", OTHER): np.nan})
    found = most_accurate(study, "resnet8", LABELS)
    assert found is not None
    assert found.by == "test"
    assert np.isnan(found.changes)
    plain, together = study.level("resnet8", found.label), choice.chosen_level(study, "resnet8", found)
    assert together == highest_of(plain, 3)
    assert together.low < plain.low
    less = choice.chosen_difference(study, "resnet8", found)
    assert "highest of 3" in less.interval
    within = best_within(study, "resnet8", 1e9)
    assert within is not None
    assert within.level.interval.endswith(f"highest of {len(study.plan.methods)}, simultaneous")


def test_one_lucky_seed_is_not_chosen(validated):
    lucky = np.array([0.999, *[np.nan] * 5])
    study = validated({(metric, SMALL): lucky for metric in ("validation_accuracy", "test_accuracy")})
    found = most_accurate(study, "resnet8", LABELS)
    assert found is not None
    assert found.label != SMALL


def test_nothing_to_choose_from(study: Study):
    assert most_accurate(study, "resnet8", []) is None
    assert smallest_keeping(study, "resnet8", []) is None


def test_the_leading_set_is_led_by_the_choice(validated):
    study = validated(on_validation(a=0.90, b=0.99, c=0.80))
    assert leading(study)["resnet8"].best == OTHER


def answers(rng: np.random.Generator, share: float) -> np.ndarray:
    return (rng.random((6, 120)) < share).astype(float)


def test_how_often_other_validation_images_choose_another(study: Study, monkeypatch):
    rng = np.random.default_rng(0)
    tables = {label: answers(rng, 0.9) for label in LABELS}
    tables |= {SMALL: tables[OTHER], "original": answers(rng, 0.9)}
    fresh = Study(study.results)
    monkeypatch.setattr(fresh.per_image, "validation", lambda model, label: tables.get(label))
    given = fresh.per_seed
    monkeypatch.setattr(
        fresh,
        "per_seed",
        lambda metric, model, label: (
            tables[label].mean(axis=1)
            if metric == "validation_accuracy" and label in tables
            else given(metric, model, label)
        ),
    )
    found = most_accurate(fresh, "resnet8", LABELS)
    assert found is not None
    means = {label: table.mean() for label, table in tables.items()}
    rows = np.stack([tables[SMALL].mean(axis=0), tables[BEST].mean(axis=0)])
    apart, spread = rows[1].mean() - rows[0].mean(), (rows[1] - rows[0]).std() / np.sqrt(120)
    expected = 0.5 * (1 - np.tanh(0.8 * abs(apart) / spread))  # near the normal tail
    assert found.label == (SMALL if means[SMALL] >= means[BEST] else BEST)
    assert found.changes == pytest.approx(expected, abs=0.1)
    alone = most_accurate(fresh, "resnet8", [OTHER, SMALL])  # answers alike: the smaller one, whatever is drawn
    assert alone == Choice(SMALL, "validation", 2, 0.0)


def test_stored_answers_on_validation_images_are_read(study: Study):
    """The means of the table are the metrics."""
    table = study.per_image.validation("resnet8", BEST)
    assert table is not None
    assert table.mean(axis=1) == pytest.approx(study.per_seed("validation_accuracy", "resnet8", BEST))
    found = most_accurate(study, "resnet8", LABELS)
    assert found is not None
    assert 0 <= found.changes < 1


def test_runs_without_validation_answers_still_choose_by_their_metrics(study_of, steady):
    study = study_of(models=("resnet8",), accuracy=steady)
    found = most_accurate(study, "resnet8", LABELS)
    assert found is not None
    assert found.by == "validation"
    assert np.isnan(found.changes)
