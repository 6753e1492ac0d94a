from __future__ import annotations

import dataclasses

import pandas as pd
import pytest

from bench.analysis import wording
from bench.analysis.budget import leading
from bench.analysis.claims import claims, losses
from bench.analysis.study import Study
from bench.render.kit.table import Table
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


def test_the_spread_over_trainings_stands_beside_the_whole(study: Study):
    table = build(study)
    spread = study.over_trainings("resnet8", "nncf-int8-ptq")
    assert column(table, "top1_over_trainings")["nncf-int8-ptq"].value == pytest.approx(50 * (spread.high - spread.low))
    whole = column(table, "top1")["nncf-int8-ptq"]
    assert whole.high - whole.low > spread.high - spread.low


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
    sentence = f"resnet8, left in float32 as they were: {title} in_proj_weight, 50.0% of the weights it stores."
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


def test_the_caption_says_what_a_reader_must_know(study: Study):
    caption = build(study).caption
    for words in ("n = 6 seeds", "95%", "new trainings and new test images (crossed)", "Holm", "families", "0.0312"):
        assert words in caption


def test_few_seeds_have_neither_stars_nor_bold(study_of):
    table = build(study_of(seeds=(0, 1, 2)))
    assert not any(cell.stars or cell.bold for row in table.rows for cell in row.data.values())
    assert (
        "No words and no stars: with 3 seeds the smallest attainable p of the sign-flip test is 0.25" in table.caption
    )


def test_nothing_is_bold_where_there_is_nothing_to_lose(study_of, guessing):
    table = build(study_of(right=guessing))
    assert not any(row["top1"].bold for row in table.rows)
    assert "Bold:" not in table.caption
