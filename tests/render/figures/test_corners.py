from __future__ import annotations

import pytest

from bench.analysis.claims import claim_on
from bench.analysis.networks import title_of
from bench.analysis.outcomes import primary
from bench.analysis.sameness import inside_claim
from bench.analysis.study import Study
from bench.render.figures._corners import CORNERS
from bench.render.figures.corners import _dots, build, judged
from bench.render.kit.style import NARROW, PRINT, WIDE


def test_a_dot_is_what_its_two_claims_say(study: Study):
    for dot in _dots(study, "resnet8"):
        claim = claim_on(study, "resnet8", dot.variant.label, primary(study))
        inside = inside_claim(study, "resnet8", dot.variant.label)
        assert claim is not None
        assert inside is not None
        assert dot.lost.value == -claim.evidence.difference.value
        ends = (-claim.evidence.difference.high, -claim.evidence.difference.low)
        assert (dot.lost.low, dot.lost.high) == pytest.approx(ends, nan_ok=True)
        assert dot.changed == inside.changed
        scaled = [inside.measures[name].tested.beyond for name in ("debiased-cka", "knn-jaccard")]
        assert dot.moved.value == pytest.approx(max(scaled))


def test_the_finding_counts_the_corner_of_the_thesis(study: Study):
    figures = build(study)
    assert [figure.network for figure in figures] == list(study.models)
    for figure in figures:
        methods = judged(study, figure.network)
        kept = [each for each in methods if each.answers.within and each.features.changed]
        assert figure.finding.startswith(
            f"{len(kept)} of {len(methods)} methods on {title_of(study, figure.network)} ha"
        )
        assert len(f"{figure.finding} {figure.caption}".split()) <= 35
        assert figure.summary is not None
        assert figure.summary.size == len(methods)


def test_too_few_seeds_place_nothing(study_of):
    (figure, *_) = build(study_of(seeds=(0, 1, 2)))
    assert figure.finding == ("3 seeds cannot show whether a method keeps ResNet-8's accuracy and changes features.")


@pytest.mark.parametrize("medium", [WIDE, NARROW, PRINT], ids=lambda medium: medium.name)
def test_corners_have_names_and_axes_units(study: Study, medium):
    sheet = build(study)[0].draw(medium)
    panel = sheet.drawing.axes[0]
    words = {text.get_text().replace("\n", " ") for text in panel.texts}
    assert {corner.format(noun="accuracy") for corner in CORNERS.values()} <= words
    assert panel.get_xlabel().endswith("(seed-equivalents)")
    assert panel.get_ylabel() == "Accuracy lost (points)"
    margins = {float(line.get_xdata()[0]) for line in panel.lines if len(set(map(float, line.get_xdata()))) == 1}
    assert 0.1 in margins
    across = [line.get_zorder() for line in panel.lines if len(line.get_xdata()) == 2 and 0.0 in line.get_xdata()]
    assert max(across) < min(text.get_zorder() for text in panel.texts if text.get_fontstyle() == "italic")
    assert {mark.data["variant"] for mark in sheet.marks.values() if mark.label} == {
        each.variant.label for each in judged(study, "resnet8")
    }


def test_nothing_compared_is_no_figure(study_of, runs):
    names = [cell.name for cell in runs(models=("resnet8",)).cells() if cell.kind == "compare"]
    assert build(study_of(states=dict.fromkeys(names, "failed"))) == []
