"""A report of detectors says AP and objects, and nothing of what only classifiers have."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from bench.analysis.networks import title_of
from bench.analysis.results import load
from bench.analysis.study import Study
from bench.render.document import Document, compose
from bench.render.drawings import Drawings
from bench.render.kit.style import NARROW, PRINT, WIDE
from bench.render.writers.html import pages

pytest.importorskip("pycocotools")
from tests.invented import CONTROLS, METHODS, Runs
from tests.invented_objects import DetectedRuns, SyntheticPictures

EMPTY = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1" width="1" height="1"></svg>'
# What only networks that classify have. "Points" are differences of AP, and "class" is an object's.
CLASSIFIERS = re.compile(
    r"accura|top-1|\brecall|\banswers|\bchurn|\blogit|calibrat(?!e\b|ion\.)|cross-probe|(?-i:Box ap\b)|"
    r"images that one alone|91 classes|4 classes",
    re.IGNORECASE,
)
ALLOWED = (  # sentences that say why something is missing, and papers' titles
    "answers to classes, which these networks do not give",
    "the cross-probe reads the class",
    "Accurate",
    "Comprehensive",
    "bench calibrate",
)


@pytest.fixture
def detectors(tmp_path: Path) -> Study:
    study = Study(load(DetectedRuns(seeds=(0, 1, 2, 3, 4, 5)).write(tmp_path)))
    vars(study.results)["test_images"] = SyntheticPictures()
    return study


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Drawings, "_start", lambda *_: {})
    monkeypatch.setattr(Drawings, "_written", lambda *_: {"svg": (EMPTY, {}), "pages": [b""], "png": b""})


def lines(page: str) -> list[str]:
    """What a reader sees, a line per element of prose or cell."""
    text = re.sub(r"<(script|style|template|svg)\b.*?</\1>", "", page, flags=re.DOTALL)
    text = re.sub(r"<div[^>]* hidden>.*?</div>", "", text, flags=re.DOTALL)
    text = re.sub(r'<section[^>]*id="[^"]*references".*?</section>', "", text, flags=re.DOTALL)
    broken = re.sub(r"</?(p|h\d|li|t[rdh]|figcaption|summary|dt|dd|caption|details)\b", r"\n<\1", text)
    return [html.unescape(re.sub("<[^>]+>", "", line)).strip() for line in broken.splitlines()]


def printed(document: Document) -> list[str]:
    """Words of all items that no page shows: heads and descriptions of columns, notes."""
    said = []
    for item in document.data:
        said += [item.title, item.caption]
        for column in getattr(item, "columns", ()):
            said += [column.title, column.describe]
    for figure in document.figures:
        said += [figure.title, figure.caption, figure.finding, figure.details, figure.alt]
    return said


@pytest.mark.usefixtures("undrawn")
def test_no_word_of_classifiers_is_on_a_page_of_detectors(detectors: Study):
    document = compose([detectors])
    shown = [line for page in pages(document, pdf=False).values() for line in lines(page)]
    wrong = [
        line
        for line in dict.fromkeys([*shown, *printed(document)])
        if CLASSIFIERS.search(line) and not any(allowed in line for allowed in ALLOWED)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.usefixtures("undrawn")
def test_the_page_says_ap_objects_and_real_classes(detectors: Study):
    page = pages(compose([detectors]), pdf=False)
    story, details = page["index.html"], page["details.html"]
    assert "Best box AP within" in story
    name = title_of(detectors, "maskrcnn-resnet18")
    assert f"loses 3 of the 16 objects that most seeds of {name} find; 1 of 2 methods loses none" in story
    assert "(2 classes)" in details
    assert "Mask AP" in details and "Objects lost" in details
    assert "There are no attributions" in details


@pytest.mark.usefixtures("undrawn")
def test_a_classification_and_a_detection_stand_side_by_side(detectors: Study, tmp_path: Path):
    few = Runs(models=("resnet8",), seeds=(0, 1), variants=(*CONTROLS, METHODS[0]), name="smoke")
    both = compose([Study(load(few.write(tmp_path / "other"))), detectors])
    page = pages(both, pdf=False)
    assert {"index.html", "story-smoke.html", "story-objects.html", "details.html"} <= set(page)
    assert "top-1" in page["index.html"] and "box AP" in page["index.html"]
    assert "Most accurate within" in page["story-smoke.html"] and "Best box AP within" in page["story-objects.html"]


@pytest.mark.sampled
@pytest.mark.parametrize("medium", [WIDE, NARROW, PRINT])
def test_the_figure_of_lost_objects_is_drawn_in_every_medium(detectors: Study, medium):
    from bench.render.figures.lost_objects import build

    (figure,) = build(detectors)
    sheet = figure.draw(medium)
    (panel,) = sheet.drawing.axes
    texts = [text.get_text() for text in panel.texts]
    assert next(text for text in texts if "Lost:" in text) == "k-bit integers 4, image 900, seed 0. Lost: cat, dog"
    assert texts.count("Original") == texts.count("Annotated") == 2  # two images lose objects
    assert len(panel.images) == 8  # annotated, original, control and compressed of each
    dashed = [patch for patch in panel.patches if patch.get_linestyle() != "-"]
    assert len(dashed) >= 3


def test_the_table_names_the_class_that_loses_most(detectors: Study):
    from bench.render.tables import class_levels, class_scores

    table = class_scores.build(detectors)
    rows = {row.data["title"].value: row.data for group in table.groups for row in group.rows}
    (bits,) = (cells for title, cells in rows.items() if title.startswith("k-bit"))
    assert bits["worst"].value == "dog" and bits["difference"].value == pytest.approx(-24.75, abs=0.01)
    assert rows["float16"]["worst"].value == "none"
    each = class_levels.build(detectors)
    half = each.frame[each.frame["variant"] == "float16"]
    assert half["class"].tolist() == ["cat", "dog"] and half["level_less_reference"].tolist() == [0, 0]


def test_without_images_there_is_no_figure(detectors: Study):
    from bench.render.figures.lost_objects import build

    vars(detectors.results)["test_images"] = None
    assert build(detectors) == []
