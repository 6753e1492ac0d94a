from __future__ import annotations

from bench.analysis.sameness import inside_claims
from bench.analysis.study import Study
from bench.analysis.wording import measure_word
from bench.render.figures._rows import NAME
from bench.render.figures.inside import build
from bench.render.kit.style import NARROW, WIDE


def words(study: Study, medium) -> list[str]:
    figure = build(study)
    assert figure is not None
    texts = [text for panel in figure.draw(medium).drawing.axes for text in panel.texts]
    return [text.get_text() for text in texts if text.get_gid() != NAME and text.get_text() not in study.models]


def test_every_row_of_every_deciding_measure_ends_in_its_word(study: Study):
    expected = [
        measure_word(claim.measures[name])
        for claim in inside_claims(study).values()
        for name in study.plan.similarity.inside
    ]
    for medium in (WIDE, NARROW):
        assert sorted(words(study, medium)) == sorted(expected)


def test_the_intervals_drawn_are_those_that_decide(study: Study):
    claim = inside_claims(study)["resnet8", "magnitude:sparsity=0.8"].measures["debiased-cka"]
    panel = build(study).draw(WIDE).drawing.axes[0]
    ends = [segment[:, 0].tolist() for lines in panel.collections for segment in getattr(lines, "get_segments", list)()]
    assert [claim.low, claim.high] in ends
    assert claim.low > claim.margin


def test_a_hole_is_named(study_of):
    names = [f"compare/resnet8/{seed}/float16" for seed in range(6)]
    assert "failed" in words(study_of(states=dict.fromkeys(names, "failed")), WIDE)


def test_nothing_compared_is_no_figure(study_of, runs):
    names = [cell.name for cell in runs(models=("resnet8",)).cells() if cell.kind == "compare"]
    assert build(study_of(states=dict.fromkeys(names, "missing"))) is None
