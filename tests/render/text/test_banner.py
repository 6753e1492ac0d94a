from __future__ import annotations

from bench.render.text.banner import warnings


def test_a_clean_run_with_enough_seeds_has_nothing_to_say(study_of, variants):
    chosen = tuple(variants[label] for label in ("original", "finetune", "float16"))
    assert warnings(study_of(seeds=tuple(range(12)), variants=chosen)) == []


def test_few_seeds_are_named_with_the_smallest_p(study_of):
    assert warnings(study_of(seeds=(0, 1, 2))) == [
        "3 seeds: too few for claims. The smallest p of the sign-flip test is 0.25, above 0.05, "
        "so that no words and no stars are given."
    ]
    assert warnings(study_of(seeds=tuple(range(6)), exploratory=True)) == [
        "Exploratory: this profile trains less than a study does, and nothing here is a headline claim."
    ]


def test_cells_from_different_code_and_machines_are_told(study_of):
    def alter(cell, provenance):
        if cell.seed == 3:
            provenance |= {"commit": "b" * 40, "dirty": True, "device": "cuda:0"}

    told = warnings(study_of(alter=alter))
    assert f"The cells come from different commits: {'a' * 12} and {'b' * 12}." in told
    assert "The cells come from different devices: cpu and cuda:0." in told
    assert "32 cells ran with changes that were not committed." in told


def test_holes_are_counted(study_of):
    states = {"train/resnet8/0": "failed", "compress/resnet8/0/float16": "missing"}
    assert "2 of 192 cells have no result (1 failed, 1 missing)." in warnings(study_of(states=states))


def test_a_missing_control_is_told(study_of, variants):
    told = warnings(study_of(variants=(variants["original"], variants["float16"])))
    assert "There is no fine-tuned control, so that compression can't be told from more training." in told


def test_an_alpha_that_six_seeds_cannot_reach_is_told(study_of, variants):
    study = study_of(variants=tuple(variants[label] for label in ("original", "finetune", "float16")))
    study.plan.__dict__["alpha"] = 0.01
    (told,) = warnings(study)
    assert "0.0312, above 0.01, so that no words and no stars" in told


def test_an_original_at_chance_is_told(study_of, guessing):
    assert "ResNet-8: nothing to lose: the original's accuracy is not shown to beat chance (10.00%)." in warnings(
        study_of(right=guessing)
    )


def test_letters_that_no_font_has_are_named_with_what_to_install(study_of, monkeypatch):
    monkeypatch.setattr("bench.render.kit.fonts.fallbacks", lambda: ())
    said = warnings(study_of(seeds=(0, 1), classes=("犬", "猫", *"01234567")))
    assert [sentence for sentence in said if "犬猫" in sentence and "Install" in sentence]
    assert not [sentence for sentence in warnings(study_of(seeds=(0, 1))) if "Install" in sentence]
