from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bench.analysis import wording
from bench.analysis.claims import claims
from bench.analysis.results import load
from bench.analysis.sameness import inside_claims
from bench.analysis.study import Study
from bench.render.kit.prose import text
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


def test_methods_of_shared_networks_stand_side_by_side(two):
    first, second = two()
    found = side_by_side([first, second])
    assert [group.title for group in found.table.groups] == ["resnet8"]
    assert [row["variant"].value for row in rows(found.table)] == [v.label for v in first.plan.methods]
    own = next(row for row in rows(found.table) if row["variant"].value == "float16")
    for study in (first, second):
        name, claim = study.plan.name, claims(study)["resnet8", "float16", "accuracy"]
        assert own[f"{name}-accuracy"].value == pytest.approx(claim.evidence.difference.value)
        sizes = [study.mean("payload_bytes", "resnet8", label).value for label in ("original", "float16")]
        assert own[f"{name}-smaller"].value == pytest.approx(sizes[0] / sizes[1])
        inside = inside_claims(study)["resnet8", "float16"]
        assert own[f"{name}-inside"].value == wording.inside_word(inside)
        assert own[f"{name}-seeds"].value == claim.evidence.difference.n
        assert own[f"{name}-distance"].value == pytest.approx(inside.measures["debiased-cka"].distance.value)


def test_verdicts_agree_where_word_and_sign_do(two):
    found = rows(side_by_side(two()).table)
    for row in found:
        said = [row[f"{name}-inside"].value for name in ("digits", "smoke")]
        told = [word for word in said if word != "can't tell"]
        assert row["same"].value == (None if len(told) < 2 else "yes" if told[0] == told[1] else "no")
    assert {row["same"].value for row in found} >= {None, "yes"}


def test_the_sentence_counts_what_the_table_shows(two):
    found = side_by_side(two())
    judged = [row["same"].value for row in rows(found.table) if row["same"].value is not None]
    said = text(found.text[0])
    assert f"share {found.table.size} methods on 1 network;" in said
    assert f"for {judged.count('yes')} of the {len(judged)} pairs" in said


def test_each_profile_is_judged_on_its_own_features(runs, tmp_path):
    studies = []
    for name, feature in (("digits", "pooled"), ("smoke", "flattened")):
        folder = replace(runs(models=("resnet8",)), name=name).write(tmp_path)
        plan = json.loads((folder / "plan.json").read_bytes())
        (folder / "plan.json").write_text(json.dumps({**plan, "features": [feature]}), encoding="utf-8")
        studies.append(Study(load(folder)))
    found = side_by_side(studies)
    assert all(row[f"{name}-inside"].value for row in rows(found.table) for name in ("digits", "smoke"))
    assert "digits: 6 seeds, pooled features" in found.table.caption
    assert "smoke: 6 seeds, flattened features" in found.table.caption


def test_a_method_that_one_profile_lacks_is_left_out_and_one_that_failed_there_is_said_to_have(two, variants):
    kept = tuple(each for each in variants.values() if each.label != "float16")
    kinds = ("compress", "compare")
    states = {f"{kind}/resnet8/{seed}/nncf-int8-ptq": "failed" for kind in kinds for seed in range(6)}
    found = side_by_side(two(variants=kept, states=states))
    table = {row["variant"].value: row for row in rows(found.table)}
    assert "float16" not in table
    assert table["nncf-int8-ptq"]["smoke-accuracy"].hole == "failed"
    assert table["nncf-int8-ptq"]["digits-accuracy"].value is not None
    assert table["nncf-int8-ptq"]["same"].value is None


def test_profiles_that_share_nothing_say_so(runs, tmp_path):
    made = [replace(runs(models=(model,)), name=model) for model in ("resnet8", "mobilenet-small")]
    found = side_by_side([Study(load(each.write(tmp_path))) for each in made])
    assert found.table is None
    assert text(found.text[0]) == ALONE


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
