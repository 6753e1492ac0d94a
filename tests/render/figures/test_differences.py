from __future__ import annotations

from bench.analysis import wording
from bench.analysis.claims import claims
from bench.analysis.networks import title_of
from bench.analysis.study import Study
from bench.render.figures._rows import NAME
from bench.render.figures.differences import build
from bench.render.kit.style import NARROW, PRINT, WIDE


def words(study: Study, medium) -> list[str]:
    figure = build(study)
    assert figure is not None
    texts = [text for panel in figure.draw(medium).drawing.axes for text in panel.texts]
    networks = {title_of(study, model) for model in study.models}
    return [text.get_text() for text in texts if text.get_gid() != NAME and text.get_text() not in networks]


def test_every_row_ends_in_its_verdict(study: Study):
    expected = [wording.short(claim) for claim in claims(study).values()]
    assert sorted(words(study, WIDE)) == sorted(expected)


def test_narrow_media_show_every_row(study: Study):
    for medium in (NARROW, PRINT):
        assert len(words(study, medium)) == 2 * 11


def test_a_hole_is_named(study_of):
    names = [f"compress/resnet8/{seed}/float16" for seed in range(6)]
    assert "failed" in words(study_of(states=dict.fromkeys(names, "failed")), WIDE)


def test_nothing_to_test_is_no_figure(study_of, runs):
    names = [cell.name for cell in runs(models=("resnet8",)).cells()]
    assert build(study_of(states=dict.fromkeys(names, "missing"))) is None
