from __future__ import annotations

from bench.analysis.refusals import refusals
from bench.analysis.results import load
from bench.analysis.study import Study
from bench.render.tables.refusals import build
from bench.runner.store import to_json
from tests.invented import Runs

KEPT = ("original", "other-seed", "float16", "nncf-int8-ptq")


class Noted(Runs):
    """Comparisons of which one measure refuses a block of INT8 in every seed, and a map of all in one."""

    def _compare(self, cell, invented):
        notes = {}
        if invented.label == "nncf-int8-ptq":
            notes["pooled/svcca"] = {"stage2": "SVCCA needs more images than units.", "stage3": "No spread."}
            if cell.seed == 1:
                notes["flattened/debiased-cka/map"] = {"all": "The map is of 2,000 of the 3,000 probe images."}
        return super()._compare(cell, invented) | {"notes.json": to_json(notes)}


def study_of(tmp_path, variants, runs=Noted, **changes):
    chosen = tuple(variants[label] for label in KEPT)
    return Study(load(runs(models=("resnet8",), seeds=(0, 1), variants=chosen, **changes).write(tmp_path)))


def test_every_sentence_is_gathered_over_seeds_and_blocks(tmp_path, variants):
    found = {refusal.sentence: refusal for refusal in refusals(study_of(tmp_path, variants))}
    assert len(found) == 3
    svcca = found["SVCCA needs more images than units."]
    assert (svcca.measure, svcca.feature, list(svcca.variants)) == ("SVCCA", "pooled", ["nncf-int8-ptq"])
    assert (list(svcca.blocks), list(svcca.seeds)) == (["stage2"], [0, 1])
    assert found["The map is of 2,000 of the 3,000 probe images."].measure == "Debiased linear CKA, map"


def test_sentences_are_printed(tmp_path, variants):
    rows = list(build(study_of(tmp_path, variants)).rows)
    assert [row["note"].value for row in rows][:2] == ["SVCCA needs more images than units.", "No spread."]
    assert rows[0]["seeds"].value == "0, 1"


def test_nothing_refused_is_no_table(tmp_path, variants):
    assert build(study_of(tmp_path, variants, Runs)) is None
