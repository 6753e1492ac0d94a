from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from bench.analysis import wording
from bench.analysis.budget import leading
from bench.analysis.claims import claims, losses
from bench.analysis.study import Study
from bench.render.kit.prose import spelled
from bench.render.kit.table import Table
from bench.render.tables.budget import bests
from bench.render.tables.results import build


def column(table: Table, key: str, model: str = "resnet8") -> dict:
    return {row["variant"].value: row[key] for row in table.rows if row["model"].value == model}


def test_values_are_in_the_columns_units(study: Study):
    table = build(study)
    top1 = study.mean("test_accuracy", "resnet8", "float16")
    assert column(table, "top1")["float16"].value == pytest.approx(100 * top1.value)
    assert column(table, "top1")["float16"].low == pytest.approx(100 * top1.low)
    assert column(table, "payload")["original"].value == pytest.approx(312.168)
    assert column(table, "ratio")["float16"].value == pytest.approx(2.0, rel=1e-3)
    assert column(table, "sparsity")["magnitude:sparsity=0.9"].value == pytest.approx(90)


def test_methods_come_before_what_they_are_compared_with(study: Study):
    for group in build(study).groups:
        roles = ["method" if row.role == "method" else "other" for row in group.rows]
        assert roles == sorted(roles)


def test_bold_is_the_leading_set_and_stars_are_the_claims(study: Study):
    table = build(study)
    for model in study.models:
        bold = {label for label, cell in column(table, "top1", model).items() if cell.bold}
        assert bold == set(leading(study)[model].bold)
        could = {label: cell.value for label, cell in column(table, "could_be_best", model).items()}
        assert {label for label, word in could.items() if word == "yes"} == bold - {"original"}
        assert {could[label] for label in ("original", "finetune", "random-weights")} == {None}
        for label, cell in column(table, "top1_less_reference", model).items():
            claim = claims(study).get((model, label, "accuracy"))
            assert cell.stars == (claim.stars if claim else "")
            assert cell.value == (claim.evidence.difference.value if claim else None)
            assert column(table, "reference", model)[label].value == (claim.evidence.reference if claim else None)
            assert column(table, "word", model)[label].value == (wording.verdict(claim) if claim else None)
        for label, cell in column(table, "top1_less_original", model).items():
            assert cell.stars == ""
            lost = losses(study).get((model, label))
            assert lost is None or cell.value == lost.difference.value


def test_a_method_says_for_which_budgets_it_is_chosen(study: Study):
    chosen = column(build(study), "chosen")
    several = {label: [*map(float, cell.value.split(", "))] for label, cell in chosen.items() if cell.value}
    expected: dict[str, list[float]] = {}
    for best in bests(study, "resnet8"):
        expected.setdefault(best.label, []).append(best.budget)
    assert several == expected != {}


def test_the_spread_over_trainings_stands_beside_the_whole(study: Study):
    table = build(study)
    spread = study.over_trainings("resnet8", "nncf-int8-ptq")
    assert column(table, "top1_over_trainings")["nncf-int8-ptq"].value == pytest.approx(50 * (spread.high - spread.low))
    whole = column(table, "top1")["nncf-int8-ptq"]
    assert whole.high - whole.low > spread.high - spread.low


def test_seeds_that_agree_say_on_how_many_images(study_of):
    right = np.arange(360) < 354
    study = study_of(right=lambda model, seed, label: np.roll(right, seed) if label == "float16" else right)
    spread = column(build(study), "top1_over_trainings")
    assert spread["float16"].instead == spread["original"].instead == "354 of 360 in all 6 seeds"
    assert spread["float16"].value == 0


def test_another_seed_repeats_the_original_and_is_left_out(study: Study):
    assert "other-seed" not in column(build(study), "top1")


def test_what_a_method_leaves_in_float32_is_noted(study_of):
    study = study_of()
    widths = {"original": (4, 4), "float16": (2, 2), "magnitude:sparsity=0.9": (2, 4)}  # bytes of a weight
    layer = {"model": "resnet8", "shape": [8, 16, 3, 3], "layout": "dense", "bits": 32, "sparsity": 0.0}
    rows = [
        {**layer, "seed": seed, "variant": label, "name": name, "payload_bytes": 8 * 16 * 9 * width}
        for seed in study.plan.seeds
        for label, bytes_of_weights in widths.items()
        for name, width in zip(("conv.weight", "in_proj_weight"), bytes_of_weights, strict=True)
    ]
    study = Study(dataclasses.replace(study.results, layers=pd.DataFrame(rows)))
    left = {label: cell.value for label, cell in column(build(study), "left").items()}
    assert left == {**dict.fromkeys(left, 0), "magnitude:sparsity=0.9": 50}
    title = study.plan.variant("magnitude:sparsity=0.9").title
    sentence = f"{title} stores the most so, 50.0% of its weights: in_proj_weight."
    assert sentence in build(study).notes


def test_nothing_is_compared_with_itself(study: Study):
    table = build(study)
    assert column(table, "top1_less_original")["original"].value is None
    assert column(table, "top1_less_reference")["finetune"].value is None


def test_a_refused_method_is_shown_as_such(study_of):
    names = [f"compress/resnet8/{seed}/float16" for seed in range(6)]
    table = build(study_of(states=dict.fromkeys(names, "refused")))
    assert column(table, "top1")["float16"].hole == "refused"
    assert column(table, "seeds")["float16"].value == 0


def test_the_finding_counts_what_could_be_best_and_the_details_say_by_which_test(study: Study):
    table = build(study)
    bold = sum(row["top1"].bold for row in table.rows)
    assert table.finding == f"{spelled(bold)} of 22 compressed networks could be best: no other is shown to be better."
    for words in ("Bold: could be best", "Holm over the 10 others", "Hsu 1981"):
        assert words in table.details


def test_few_seeds_have_neither_stars_nor_bold(study_of):
    table = build(study_of(seeds=(0, 1, 2)))
    assert not any(cell.stars or cell.bold for row in table.rows for cell in row.data.values())
    assert table.finding == ""


def test_nothing_is_bold_where_there_is_nothing_to_lose(study_of, guessing):
    table = build(study_of(right=guessing))
    assert not any(row["top1"].bold or row["could_be_best"].value for row in table.rows)
    assert "Bold:" not in table.details
