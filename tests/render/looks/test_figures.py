"""The figures of what was looked into, and the section of the report that they are in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.analysis.galleries import CHANNELS, DREAMS, FILTERS, INVERSIONS, painted
from bench.analysis.looks import Looks
from bench.analysis.study import Study
from bench.render import report
from bench.render.figures import (
    _mosaic,
    activation_blocks,
    attributions,
    corruptions,
    galleries,
)
from bench.render.kit.pictures import photographs, thumbnails
from bench.render.kit.style import NARROW, PRINT, WIDE
from bench.render.tables import attribution_maps, gallery
from tests.render._written import collisions

GALLERIES = {gallery.diagnostic: gallery for gallery in galleries.GALLERIES}
MODULES = (attributions, galleries, activation_blocks, corruptions)


def figures(study):
    built = [module.build(study) for module in MODULES]
    return [figure for figures in built for figure in (figures if isinstance(figures, list) else [figures])]


def sized(study, side):
    """The same study of images of `side` pixels."""
    plan = study.results.plan
    data = plan.data.model_copy(update={"size": side})
    return Study(replace(study.results, plan=plan.model_copy(update={"data": data})))


def mosaic(study, diagnostic):
    return GALLERIES[diagnostic].mosaic(study, painted(Looks(study, diagnostic), "resnet8"))


def test_pictures_keep_their_place_and_what_is_missing_is_empty():
    strips = [_mosaic.Strip("a", np.ones((2, 24, 24))), _mosaic.Strip("b", None)]
    rows = [*strips, _mosaic.Strip("c", np.zeros((1, 24, 24)))]
    tiles = _mosaic.tiled(rows, 2)
    assert tiles.shape == (3 * 26 - 2, 2 * 26 - 2)
    assert (tiles[:24, :24] == 1).all()
    assert (tiles[52:, :24] == 0).all()
    assert np.isnan(tiles[24:52]).all()
    assert np.isnan(tiles[52:, 24:]).all()


@pytest.mark.parametrize("medium", [WIDE, NARROW, PRINT], ids=lambda medium: medium.name)
def test_every_figure_can_be_drawn(looked, medium):
    drawn = {figure.id: figure.svg(medium)[0] for figure in figures(sized(looked(), 32))}
    kinds = [f"{kind}-resnet8" for kind in ("filters", "class-images", "dreams")]
    assert list(drawn) == [
        "attributions-resnet8", "channels-resnet8", *kinds, "activation-blocks", "fragility",
    ]  # fmt: skip
    assert drawn["attributions-resnet8"].count("<image") == 3  # two attributions and the scale
    assert all(drawn[name].count("<image") == 1 for name in ("channels-resnet8", *kinds))


@pytest.mark.parametrize("medium", [WIDE, NARROW, PRINT], ids=lambda medium: medium.name)
def test_no_words_lie_on_others(looked, medium):
    assert {figure.id: found for figure in figures(sized(looked(), 32)) if (found := collisions(figure, medium))} == {}


def test_maps_that_look_empty_say_how_far_up_the_scale_they_get(looked):
    rows = attributions.mosaics(Looks(looked(), "attributions"), "resnet8")["grad-cam"].strips
    pale = [row.name for row in rows if row.name.endswith("%)")]
    assert pale == ["Random weights (to 0%)"]
    assert pale == [row.name for row in rows if np.abs(row.pictures).max() < 0.05]


def test_the_same_bytes_every_time(looked):
    first, second = ([figure.svg(WIDE)[0] for figure in figures(study)] for study in [looked()] * 2)
    assert first == second


def test_a_row_a_network_on_the_originals_scale(looked):
    shown = attributions.mosaics(Looks(looked(), "attributions"), "resnet8")["grad-cam"]
    assert shown.heads == ("0", "3")
    rows = shown.strips
    assert [row.name for row in rows][:4] == ["Image", "Original", "Fine-tuned control", "INT8 (NNCF PTQ)"]
    assert [row.pictures.max() for row in rows[:4]] == pytest.approx([0.2, 1, 0.98, 0.9], abs=1e-3)


def test_a_network_without_maps_is_said_to_have_none(looked):
    states = {f"diagnose/resnet8/0/nncf-int8-ptq/{name}": "failed" for name in ("attributions",)}
    looks = Looks(looked(states=states), "attributions")
    rows = {row.name: row for row in attributions.mosaics(looks, "resnet8")["grad-cam"].strips}
    assert rows["INT8 (NNCF PTQ)"].pictures is None


def test_channels_of_the_original_come_from_two_starts(looked):
    found = mosaic(looked(), CHANNELS)
    assert [row.name for row in found.strips][:2] == ["Original", "Original, other start"]
    assert (found.over, found.heads) == (("stage0", "stage1"), ("3", "5"))


def test_a_channel_that_has_no_partner_is_empty(looked):
    found = mosaic(looked(), CHANNELS)
    (row,) = (row for row in found.strips if "matched" in row.name)
    assert np.isfinite(row.pictures[0]).all()
    assert np.isnan(row.pictures[1]).all()


def test_images_keep_their_colours(looked):
    found = mosaic(looked(colours=3), CHANNELS)
    assert found.strips[0].pictures.shape == (2, 24, 24, 3)


def test_numbers_beside_colours_are_coloured_and_small_pictures_grow_to_the_size_of_the_largest():
    numbers, colours = np.array([[[-1.0, np.nan], [0.0, 1.0]]]), np.full((1, 4, 4, 3), 0.5)
    rows = [_mosaic.Strip("a", numbers), _mosaic.Strip("b", None), _mosaic.Strip("c", colours)]
    painted, empty, same = (row.pictures for row in _mosaic.alike(rows, "gray", (-1.0, 1.0)))
    assert painted.shape == (1, 4, 4, 3)
    np.testing.assert_array_equal(painted[0, 0, 0], [0, 0, 0])
    np.testing.assert_array_equal(painted[0, 3, 3], [1, 1, 1])
    assert np.isnan(painted[0, 0, 2]).all()
    assert empty is None
    np.testing.assert_array_equal(same, colours)


def test_rows_without_colours_stay_numbers_of_one_size():
    rows = _mosaic.alike([_mosaic.Strip("a", np.eye(2)[None]), _mosaic.Strip("b", np.ones((1, 3, 3)))], "gray", (0, 1))
    assert [row.pictures.shape for row in rows] == [(1, 3, 3)] * 2
    np.testing.assert_array_equal(rows[0].pictures[0], [[1, 1, 0], [1, 1, 0], [0, 0, 1]])


@pytest.mark.parametrize(("image", "side"), [(32, 8), (28, 7), (28, 4), (64, 8), (224, 7), (224, 14), (8, 4)])
def test_maps_of_any_size_stand_below_images_of_any_size(image, side):
    photograph = photographs(np.full((1, 3, image, image), 51, np.uint8))
    maps = thumbnails(np.ones((1, side, side)))
    rows = [_mosaic.Strip("image", photograph), _mosaic.Strip("map", maps)]
    tiles = _mosaic.tiled(_mosaic.alike(rows, "gray", (-1.0, 1.0)), 1)
    height = photograph.shape[1]
    np.testing.assert_allclose(tiles[:height], 0.2)
    np.testing.assert_allclose(tiles[-height:], 1)


@pytest.mark.parametrize("colours", [1, 3])
def test_galleries_have_a_row_a_network_and_a_column_a_picture(looked, colours):
    study = looked(colours=colours)
    made = {diagnostic: mosaic(study, diagnostic) for diagnostic in GALLERIES if diagnostic != CHANNELS}
    networks = ["Original", "Fine-tuned control", "INT8 (NNCF PTQ)"]
    for name, found in made.items():
        names = [row.name for row in found.strips]
        real = name == DREAMS
        assert names[:1] == (["Image"] if real else networks[:1])
        assert names[real : real + 3] == networks
        assert all(len(row.pictures) == len(found.heads) for row in found.strips)
    assert made["filters"].heads == ("0", "1", "2", "3")
    assert made["class-images"].heads == ("1", "4")
    assert made["deep-dream"].heads == ("2", "5")
    assert made["deep-dream"].strips[1].pictures.max() == 1.0
    assert made["deep-dream"].strips[0].pictures.max() == pytest.approx(0.2)


@pytest.mark.parametrize(("colours", "shape", "value"), [(1, (4, 24, 24), 1.0), (3, (4, 24, 24, 3), 1.0)])
def test_filters_are_numbers_or_colours_and_those_that_are_gone_are_empty(looked, colours, shape, value):
    found = mosaic(looked(colours=colours), FILTERS)
    (row,) = (row for row in found.strips if row.name.startswith("INT8"))
    assert row.pictures.shape == shape
    assert row.pictures[0].max() == pytest.approx(value, abs=1e-3)
    assert np.isnan(row.pictures[3]).all()


def test_cells_that_kept_no_images_are_drawn_without_them(looked):
    study = looked(without=("real",))
    assert [strip.name for strip in mosaic(study, DREAMS).strips][:1] == ["Original"]
    assert gallery.build(study) is not None
    assert attribution_maps.build(study) is not None


def test_filters_that_cannot_be_matched_are_not_drawn(looked):
    study = looked(without=("matched.compressed",))
    found = {row.name: row.pictures for row in mosaic(study, FILTERS).strips}
    assert found["INT8 (NNCF PTQ)"] is None
    assert found["Original"] is not None


def test_where_no_filter_can_be_matched_there_is_no_figure(looked):
    study = sized(looked(without=("matched.",)), 32)
    assert not [figure for figure in galleries.build(study) if figure.id == "filters-resnet8"]


@pytest.mark.parametrize(("side", "drawn"), [(31, False), (32, True), (0, True)])
def test_channels_and_filters_of_few_pixels_are_in_the_data_alone(looked, side, drawn):
    study = sized(looked(chosen=(CHANNELS, FILTERS)), side)
    assert [figure.id for figure in galleries.build(study)] == ["channels-resnet8", "filters-resnet8"] * drawn
    assert gallery.build(study) is not None


def test_inversions_are_in_the_data_alone(looked):
    study = sized(looked(chosen=(INVERSIONS,)), 224)
    assert galleries.build(study) == []
    assert gallery.build(study).size


def test_every_filter_has_its_own_scale_and_one_of_zeros_is_zero():
    weights = np.array([[[[0.5, -1.0]]], [[[0.01, -0.005]]], [[[0.0, 0.0]]]], np.float16)
    shown = galleries.shapes(weights, np.arange(3))
    np.testing.assert_allclose(shown[:, 0], [[0.5, -1], [1, -0.5], [0, 0]], atol=1e-3)


def test_of_many_methods_the_ends_and_those_between_are_drawn(looked):
    found = activation_blocks.drawn(activation_blocks.curves(looked(), "resnet8"))
    methods = [curve.variant.label for curve in found if not curve.variant.control]
    assert methods[0] == "nncf-int8-ptq"
    assert methods[-1] == "magnitude:sparsity=0.95"
    assert len(methods) == activation_blocks.METHODS


@pytest.mark.slow
def test_a_report_with_looks_has_a_section_of_them(folder_of, tmp_path, without_latex):
    report([folder_of(colours=3)], tmp_path / "out")
    page = (tmp_path / "out" / "details.html").read_text(encoding="utf-8")
    assert ">Explanations<" in page
    story = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "What ResNet-8 looks at" in story
    assert "What ResNet-8 looks at" not in page
    assert "data:image/png;base64" in page
    for name in (
        "explanations",
        "units",
        "activation-blocks",
        "corruptions",
        "attribution-maps",
        "channel-images",
        "gallery",
    ):
        assert (tmp_path / "out" / "data" / f"{name}.csv").is_file()


@pytest.mark.slow
def test_a_report_without_looks_has_none(small, tmp_path, without_latex):
    report([small.write(tmp_path)], tmp_path / "out")
    page = (tmp_path / "out" / "details.html").read_text(encoding="utf-8")
    assert "Explanations and units" not in page
    assert "diagnos" not in page.partition("<body")[2].lower()
    assert not (tmp_path / "out" / "data" / "looks.csv").exists()
