"""The figures of what was looked into, and the section of the report that they are in."""

from __future__ import annotations

import numpy as np
import pytest

from bench.render import report
from bench.render.figures import _mosaic, activation_blocks, attributions, corruptions, units
from bench.render.looks import Looks
from bench.render.style import NARROW, PRINT, WIDE

MODULES = (attributions, units, activation_blocks, corruptions)


def figures(study):
    made = [module.build(study) for module in MODULES]
    return [figure for each in made for figure in (each if isinstance(each, list) else [each])]


def test_small_pictures_are_magnified_and_large_ones_averaged():
    small, large = np.arange(16.0).reshape(1, 4, 4), np.kron([[[1.0, 3.0]]], np.ones((1, 96, 48)))
    assert _mosaic.thumbnails(small).shape == (1, 24, 24)
    np.testing.assert_array_equal(_mosaic.thumbnails(small)[0, ::6, ::6], small[0])
    shown = _mosaic.thumbnails(large)
    assert shown.shape == (1, 48, 48)
    assert shown[0, 0, 0] == 1
    assert shown[0, 0, -1] == 3


def test_pictures_keep_their_place_and_what_is_missing_is_empty():
    rows = [_mosaic.Row("a", np.ones((2, 24, 24))), _mosaic.Row("b", None), _mosaic.Row("c", np.zeros((1, 24, 24)))]
    tiles = _mosaic.tiled(rows, 2)
    assert tiles.shape == (3 * 26 - 2, 2 * 26 - 2)
    assert (tiles[:24, :24] == 1).all()
    assert (tiles[52:, :24] == 0).all()
    assert np.isnan(tiles[24:52]).all()
    assert np.isnan(tiles[52:, 24:]).all()


@pytest.mark.parametrize("medium", [WIDE, NARROW, PRINT], ids=lambda medium: medium.name)
def test_every_figure_can_be_drawn(looked, medium):
    drawn = {figure.id: figure.svg(medium)[0] for figure in figures(looked())}
    assert list(drawn) == ["attributions-resnet8", "channels-resnet8", "activation-blocks", "fragility"]
    assert drawn["attributions-resnet8"].count("<image") == 3  # two attributions and the scale
    assert drawn["channels-resnet8"].count("<image") == 1


def test_the_same_bytes_every_time(looked):
    first, second = ([figure.svg(WIDE)[0] for figure in figures(study)] for study in [looked()] * 2)
    assert first == second


def test_a_row_a_network_on_the_originals_scale(looked):
    found = attributions.gallery(Looks(looked(), "attributions"), "resnet8")
    assert found.heads == ("0", "3")
    rows = found.rows["grad-cam"]
    assert [row.name for row in rows][:3] == ["Original", "Fine-tuned control", "INT8 (NNCF PTQ)"]
    assert [row.pictures.max() for row in rows[:3]] == pytest.approx([1, 0.98, 0.9], abs=1e-3)


def test_a_network_without_maps_is_said_to_have_none(looked):
    states = {f"diagnose/resnet8/0/nncf-int8-ptq/{name}": "failed" for name in ("attributions",)}
    looks = Looks(looked(states=states), "attributions")
    rows = {row.name: row for row in attributions.gallery(looks, "resnet8").rows["grad-cam"]}
    assert rows["INT8 (NNCF PTQ)"].pictures is None


def test_channels_of_the_original_come_from_two_starts(looked):
    found = units.gallery(Looks(looked(), "activation-maximization"), "resnet8")
    assert [row.name for row in found.rows][:2] == ["Original", "Original, other start"]
    assert (found.over, found.heads) == (("stage0", "stage1"), ("3", "5"))


def test_a_channel_that_has_no_partner_is_empty(looked):
    found = units.gallery(Looks(looked(), "activation-maximization"), "resnet8")
    (row,) = (row for row in found.rows if "matched" in row.name)
    assert np.isfinite(row.pictures[0]).all()
    assert np.isnan(row.pictures[1]).all()


def test_images_keep_their_colours(looked):
    found = units.gallery(Looks(looked(colours=3), "activation-maximization"), "resnet8")
    assert found.rows[0].pictures.shape == (2, 24, 24, 3)


def test_of_many_methods_the_ends_and_those_between_are_drawn(looked):
    found = activation_blocks.drawn(activation_blocks.curves(looked(), "resnet8"))
    methods = [curve.variant.label for curve in found if not curve.variant.control]
    assert methods[0] == "nncf-int8-ptq"
    assert methods[-1] == "magnitude:sparsity=0.95"
    assert len(methods) == activation_blocks.METHODS


def test_a_report_with_looks_has_a_section_of_them(folder_of, tmp_path, without_latex):
    report([folder_of(colours=3)], tmp_path / "out")
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "Explanations and units" in page
    assert "Grid of attribution maps of resnet8" in page
    assert "data:image/png;base64" in page
    for name in ("explanations", "units", "activation-blocks", "corruptions", "attribution-maps", "channel-images"):
        assert (tmp_path / "out" / "data" / f"{name}.csv").is_file()


def test_a_report_without_looks_has_none(small, tmp_path, without_latex):
    report([small.write(tmp_path)], tmp_path / "out")
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "Explanations and units" not in page
    assert "diagnos" not in page.partition("<body")[2].lower()
    assert not (tmp_path / "out" / "data" / "looks.csv").exists()
