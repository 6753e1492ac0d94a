from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bench.analysis import wording
from bench.analysis.claims import claims
from bench.analysis.networks import network_titles
from bench.analysis.results import load
from bench.analysis.sameness import inside_claims
from bench.analysis.study import Study
from bench.analysis.wording import decimal
from bench.render.kit.prose import text
from bench.render.story.matrix import matrix
from bench.render.text.side_by_side import ALONE, side_by_side


@pytest.fixture
def two(runs, tmp_path):
    """Two profiles that share a network; the second lacks some methods of the first, and has a second network."""

    def make(**changes):
        first = replace(runs(models=("resnet8",)), name="digits")
        second = replace(runs(models=("mobilenet-small", "resnet8")), name="smoke", **changes)
        return [Study(load(each.write(tmp_path))) for each in (first, second)]

    return make


def rows(table):
    return [row.data for row in table.rows]


def test_a_single_profile_has_nothing_beside_it(study: Study):
    assert side_by_side([study]) is None


def of_profile(table, name: str, model: str = "resnet8") -> dict:
    several = [row for row in rows(table) if row["profile"].value == name and row["model"].value == model]
    return {row["variant"].value: row for row in several}


@pytest.mark.slow
def test_every_method_of_every_profile_has_a_row_with_its_own_numbers(two):
    studies = two()
    table = side_by_side(studies).table
    assert [group.title for group in table.groups] == ["ResNet-8", "MobileNet-small"]
    for study in studies:
        own = of_profile(table, study.plan.name)
        assert list(own) == [variant.label for variant in study.plan.methods]
        for label, row in own.items():
            claim, inside = claims(study)["resnet8", label, "accuracy"], inside_claims(study)["resnet8", label]
            assert row["difference"].value == pytest.approx(claim.evidence.difference.value)
            assert row["word"].value == wording.verdict(claim)
            assert row["payload"].value == pytest.approx(study.payload("resnet8", label) / 1e3)
            assert row["ratio"].value == pytest.approx(
                study.payload("resnet8", "original") / study.payload("resnet8", label)
            )
            assert row["inside"].value == wording.inside_word(inside)
            assert row["seeds"].value == claim.evidence.difference.n
            assert row["distance"].value == pytest.approx(inside.measures["debiased-cka"].distance.value)
    assert not of_profile(table, "digits", "mobilenet-small")


def agreements(table) -> dict:
    """By method of the shared network."""
    return {label: row["same"].value for label, row in of_profile(table, "digits").items()}


@pytest.mark.slow
def test_verdicts_agree_where_word_and_sign_do(two):
    table = side_by_side(two()).table
    for label, same in agreements(table).items():
        words = [of_profile(table, name)[label]["inside"].value for name in ("digits", "smoke")]
        told = [word for word in words if word != "can't tell"]
        assert same == (None if len(told) < 2 else "yes" if told[0] == told[1] else "no")
    assert set(agreements(table).values()) >= {None, "yes"}


@pytest.mark.slow
def test_the_sentence_counts_what_the_table_shows(two):
    found = side_by_side(two())
    judged = [same for same in agreements(found.table).values() if same is not None]
    sentence = text(found.text[0])
    assert f"share {len(agreements(found.table))} methods on 1 network." in sentence
    assert f"At least two have a word on {len(judged)} insides; the words agree for {judged.count('yes')}." in sentence


@pytest.mark.slow
def test_each_profile_is_judged_on_its_own_features(runs, tmp_path):
    studies = []
    for name, feature in (("digits", "pooled"), ("smoke", "flattened")):
        folder = replace(runs(models=("resnet8",)), name=name).write(tmp_path)
        plan = json.loads((folder / "plan.json").read_bytes())
        (folder / "plan.json").write_text(json.dumps({**plan, "features": [feature]}), encoding="utf-8")
        studies.append(Study(load(folder)))
    table = side_by_side(studies).table
    assert all(row["inside"].value for row in rows(table))
    assert "digits: 6 seeds, pooled features" in table.details
    assert "smoke: 6 seeds, flattened features" in table.details


@pytest.mark.slow
def test_a_method_that_one_profile_lacks_has_no_row_there_and_one_that_failed_says_so(two, variants):
    kept = tuple(each for each in variants.values() if each.label != "float16")
    kinds = ("compress", "compare")
    states = {f"{kind}/resnet8/{seed}/nncf-int8-ptq": "failed" for kind in kinds for seed in range(6)}
    studies = two(variants=kept, states=states)
    table = side_by_side(studies).table
    digits, smoke = (of_profile(table, name) for name in ("digits", "smoke"))
    assert "float16" in digits and "float16" not in smoke
    assert smoke["nncf-int8-ptq"]["difference"].hole == smoke["nncf-int8-ptq"]["payload"].hole == "failed"
    assert digits["nncf-int8-ptq"]["difference"].value is not None
    assert digits["nncf-int8-ptq"]["same"].value is None
    (grid, _) = matrix(table, studies)
    lines = {line.title: line.cells for line in grid.lines}
    assert lines["float16"][1] is None and lines["float16"][0] is not None
    assert lines["INT8 (NNCF PTQ)"][1].size == lines["INT8 (NNCF PTQ)"][1].change == "failed"


def test_profiles_that_share_nothing_say_so(runs, tmp_path):
    made = [replace(runs(models=(model,)), name=model) for model in ("resnet8", "mobilenet-small")]
    found = side_by_side([Study(load(each.write(tmp_path))) for each in made])
    assert text(found.text[0]) == ALONE
    assert {row["same"].value for row in rows(found.table)} == {None}


def test_the_matrix_prints_the_tables_numbers_with_units_and_the_original_first(two):
    studies = two()
    table = side_by_side(studies).table
    models = {name: model for study in studies for model, name in network_titles(study).items()}
    for grid in matrix(table, studies):
        model = models[grid.network]
        assert grid.lines[0].title == "Original"
        for line in grid.lines[1:]:
            for study, cell in zip(studies, line.cells, strict=True):
                variant = next(each for each in study.plan.methods if each.title == line.title)
                if model not in study.models:
                    assert cell is None
                    continue
                row = of_profile(table, study.plan.name, model)[variant.label]
                assert cell.size == f"{row['payload'].value:,.1f} kB, {row['ratio'].value:.1f}×"
                assert (
                    cell.change.endswith(" points") and decimal(row["difference"].value, 2, signed=True) in cell.change
                )
                assert (cell.word, cell.inside) == (row["word"].value, row["inside"].value)


@pytest.mark.slow
def test_the_command_is_what_was_typed_where_make_could_not_take_it(two):
    studies = two()
    names = [study.plan.name for study in studies]
    assert side_by_side(studies).text[1][1] == f'make bench report PROFILE="{" ".join(names)}"'
    typed = "python -m bench run --profile 'my profiles/first one.toml'"
    plan = studies[0].plan.model_copy(update={"command": typed, "name": "first one"})
    quoted = [Study(replace(studies[0].results, plan=plan)), studies[1]]
    assert side_by_side(quoted).text[1][1] == (
        f"{typed} && make bench PROFILE={names[1]} && python -m bench report --profile 'first one' {names[1]}"
    )
