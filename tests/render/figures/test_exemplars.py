from __future__ import annotations

import numpy as np
import pytest

from bench.analysis.results import Results
from bench.analysis.study import Study
from bench.data import _cache
from bench.render.figures import exemplars as figures
from bench.render.kit.style import NARROW, PRINT, WIDE
from bench.render.tables import exemplars as tables

LABELS = np.repeat(np.arange(10), 6)
IMAGES = np.random.default_rng(0).integers(0, 256, (60, 3, 8, 8), dtype=np.uint8)
PRUNED = "magnitude:sparsity=0.9"


@pytest.fixture
def hurting(study: Study, monkeypatch: pytest.MonkeyPatch) -> Study:
    """All are right but a pruned network: for class 7 it answers 0, but for the first such image of one seed 1."""

    def logits(self, model, variant):
        found = {}
        for seed in self.plan.seeds:
            answers = np.where((LABELS == 7) & (variant == PRUNED), 0, LABELS)
            if variant == PRUNED and seed == 1:
                answers[42] = 7
            found[seed] = (np.eye(10)[answers], LABELS)
        return found

    monkeypatch.setattr(Results, "logits", logits)
    monkeypatch.setitem(vars(study.results), "test_images", IMAGES)
    return Study(study.results)


def test_those_on_which_most_seeds_agree_come_first_with_their_pictures(hurting: Study):
    (lost,) = figures.gallery(hurting, "resnet8")
    assert lost.total == 6
    assert lost.words == (("7", "0"),) * 6
    assert lost.counts == ((6, 0),) * 5 + ((6, 1),)
    np.testing.assert_allclose(lost.pictures[-1][::3, ::3], np.moveaxis(IMAGES[42], 0, -1) / 255)


@pytest.mark.parametrize("medium", [WIDE, NARROW, PRINT], ids=lambda medium: medium.name)
def test_a_picture_each_as_far_as_there_is_room(hurting: Study, medium):
    figure = figures.build(hurting)[0]
    (panel,) = figure.draw(medium).drawing.axes
    assert len(panel.images) == min(figures.MOST[medium.name], 6)
    words = [text.get_text() for text in panel.texts]
    assert words[0].endswith("6 images")
    assert words[1:3] == ["7→0", "6→0"]
    assert len(words) == 1 + 2 * len(panel.images)


def test_long_names_of_classes_stand_in_two_lines(hurting: Study, monkeypatch):
    monkeypatch.setattr(type(hurting.plan.data), "named", lambda _, label: f"aeroplane {label}")
    (panel,) = figures.build(hurting)[0].draw(WIDE).drawing.axes
    assert [text.get_text() for text in panel.texts][1:4] == ["aeroplane 7", "→aeroplane 0", "6→0"]


def test_of_many_methods_those_between_the_fewest_and_the_most_are_drawn(study: Study, monkeypatch):
    methods = [variant.label for variant in study.plan.methods]
    assert len(methods) > figures.METHODS

    def logits(self, model, variant):
        lost = methods.index(variant) + 1 if variant in methods else 0  # the first loses one image, the next two, ...
        answers = np.where(np.arange(60) < lost, (LABELS + 1) % 10, LABELS)
        return {seed: (np.eye(10)[answers], LABELS) for seed in self.plan.seeds}

    monkeypatch.setattr(Results, "logits", logits)
    monkeypatch.setitem(vars(study.results), "test_images", IMAGES)
    shown = [lost.total for lost in figures.gallery(Study(study.results), "resnet8")]
    assert shown == np.linspace(1, len(methods), figures.METHODS).astype(int).tolist()


def test_every_exemplar_is_a_row(hurting: Study):
    table = tables.build(hurting)
    assert table is not None
    rows = table.frame.to_dict("records")
    own = [row for row in rows if row["model"] == "resnet8"]
    assert [row["image"] for row in own] == [43, 44, 45, 46, 47, 42]
    assert {row["variant"] for row in own} == {PRUNED}
    assert [row["compressed"] for row in own] == pytest.approx([0] * 5 + [100 / 6])
    assert {(row["class"], row["answer"], row["original"], row["control"]) for row in own} == {("7", "0", 100.0, 100.0)}
    assert [row["votes"] for row in own] == [6] * 5 + [5]
    assert own[-1]["shape"] == "3×8×8"
    assert own[-1]["pixels"] == IMAGES[42].tobytes().hex()


def test_a_table_holds_no_more_than_the_first(hurting: Study, monkeypatch):
    monkeypatch.setattr(tables, "MOST", 2)
    assert tables.build(hurting).size == 2 * len(hurting.models)


def test_without_images_or_losses_there_is_no_figure(hurting: Study, study: Study, monkeypatch):
    monkeypatch.setitem(vars(study.results), "test_images", None)
    assert figures.build(hurting) == []
    right = {seed: (np.eye(10)[LABELS], LABELS) for seed in study.plan.seeds}
    monkeypatch.setattr(Results, "logits", lambda self, model, variant: right)
    monkeypatch.setitem(vars(study.results), "test_images", IMAGES)
    whole = Study(study.results)
    assert figures.build(whole) == []
    assert tables.build(whole) is None


def test_the_images_lie_in_the_cache_beside_the_runs(small, tmp_path):
    from bench.analysis.results import load

    folder = small.write(tmp_path)
    content = load(folder).plan.data.content
    assert load(folder).test_images is None
    _cache.write(folder.parent / ".data" / "images" / content, _cache.Contents({"test_images": IMAGES}, {}))
    np.testing.assert_array_equal(load(folder).test_images, IMAGES)
    (folder.parent / ".data" / "images" / content / "test_images.npy").write_bytes(b"damaged")
    assert load(folder).test_images is None
