from __future__ import annotations

import pytest

from bench import registry
from bench.analysis.study import Study
from bench.render.references import library
from bench.render.tables import published
from bench.render.tables.published import PublishedResult, build


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch):
    def know(*figures: PublishedResult) -> None:
        monkeypatch.setattr(published, "published", lambda: figures)

    return know


def test_every_published_figure_names_a_method_and_a_paper_that_are_here():
    methods = set(registry.names("bench.compress.methods"))
    for figure in published.published():
        assert set(figure.methods) <= methods
        assert figure.source in library()
        assert (figure.original is None) == (figure.compressed is None)
        assert figure.original or figure.loss


def test_the_rows_of_papers_stand_before_ours(study: Study, known):
    known(
        PublishedResult(
            methods=("magnitude-finetune",),
            network="LeNet",
            data="digits",
            original=99.0,
            compressed=98.5,
            ratio=12,
            setup="in rounds",
            source="han2015learning",
        )
    )
    (table,) = build(study)
    (group,) = table.groups
    theirs, *ours = (row.data for row in group.rows)
    assert (theirs["who"].value, theirs["difference"].value, theirs["ratio"].value) == ("LeNet (digits)", -0.5, 12)
    assert theirs["difference"].low is None
    variants = [v for v in study.plan.methods if [stage.method for stage in v.stages] == ["magnitude-finetune"]]
    assert len(ours) == len(study.models) * len(variants)
    model, variant = study.models[0], variants[0]
    difference = study.difference("test_accuracy", model, variant.label, "original")
    assert ours[0]["difference"].value == pytest.approx(100 * difference.value)
    assert ours[0]["difference"].low < ours[0]["difference"].value < ours[0]["difference"].high
    assert ours[0]["setup"].value.startswith("sparsity 0.") and "; fine-tuned" in ours[0]["setup"].value
    assert ours[0]["source"].value is None


def test_chains_are_not_compared_with_papers_on_single_methods(study: Study, known):
    known(
        PublishedResult(
            methods=("magnitude-finetune",),
            network="N",
            data="Digits",
            loss="none",
            setup="s",
            source="han2015learning",
        )
    )
    (table,) = build(study)
    rows = [dict(row.about) for row in table.rows]
    assert not any("+" in row.get("variant", "") for row in rows)


def test_nothing_where_no_paper_is_known(study: Study, known):
    known()
    assert build(study) == []


@pytest.mark.parametrize("data", ["MNIST", "Tiny digits", "digits 100", "ImageNet"])
def test_papers_on_other_data_stand_by_themselves_under_their_source(study: Study, known, data: str):
    known(
        PublishedResult(
            methods=("magnitude-finetune",), network="N", data=data, loss="none", setup="s", source="han2015learning"
        )
    )
    (table,) = build(study)
    assert (table.id, table.folded) == ("published-elsewhere", True)
    (group,) = table.groups
    assert group.title == "Han et al. 2015"
    assert [row["who"].value for row in group.rows] == [f"N ({data})"]  # and none of ours


def test_ap_of_papers_stands_beside_ours_where_the_data_have_cocos_categories(tmp_path):
    pytest.importorskip("pycocotools")
    from bench.analysis.results import load
    from bench.data.objects import BACKGROUND
    from bench.data.sources.coco import published_names
    from tests.invented_objects import DetectedRuns, Invented

    pqf = Invented("pqf", "PQF", "product quantization", 0.04, 0, 0.05)
    variants = (*DetectedRuns().variants, pqf)
    names = (BACKGROUND, *published_names())
    of_coco = DetectedRuns(seeds=(0, 1), variants=variants, classes=names, name="coco")
    (table,) = build(Study(load(of_coco.write(tmp_path))))
    (group,) = table.groups
    box, mask, *ours = ({key: cell.value for key, cell in row.data.items()} for row in group.rows)
    assert (box["outcome"], box["original"], box["compressed"]) == ("Box AP", 37.9, 36.3)
    assert (mask["outcome"], mask["original"], mask["compressed"]) == ("Mask AP", 34.6, 33.5)
    assert [row["outcome"] for row in ours] == ["Box AP", "Mask AP"]
    assert [row["compressed"] for row in ours] == pytest.approx([100, 100])
    elsewhere = DetectedRuns(seeds=(0, 1), variants=variants)
    (table,) = build(Study(load(elsewhere.write(tmp_path))))
    assert table.id == "published-elsewhere" and len(table.groups[0].rows) == 2
