"""Both pages read easily, whatever the study: short sentences, short captions, no brackets in brackets."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from pathlib import Path

import pytest

from bench import task as tasks
from bench.analysis.results import load
from bench.analysis.study import Study
from bench.render.document import Document, compose
from bench.render.drawings import Drawings
from bench.render.writers.html import pages
from bench.runner.plan_file import PlannedTask
from tests import prose
from tests.invented import CONTROLS, METHODS, Runs, _pruned
from tests.invented_objects import DetectedRuns
from tests.single_layers import SingleLayers

MOST_IN_CAPTION = 35  # words, with the finding
EMPTY = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1" width="1" height="1"></svg>'


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawings without anything on them: prose needs none."""
    forms = {"svg": (EMPTY, {}), "pages": [b""], "png": b""}
    monkeypatch.setattr(Drawings, "_start", lambda *_: {})
    monkeypatch.setattr(Drawings, "_written", lambda *_: forms)


def studies(kind: str, folder: Path) -> list[Study]:
    one = Runs(models=("resnet8",), seeds=(0,), variants=(*CONTROLS[:2], METHODS[1]))
    made = {
        "digits": [Runs()],
        "one network, one method, one seed": [one],
        "one network, one method": [replace(one, seeds=tuple(range(6)), variants=(*CONTROLS, METHODS[1]))],
        "all failed": [_failed(Runs(models=("resnet8",)))],
        "three seeds": [Runs(seeds=(0, 1, 2))],
        "40 methods, 6 networks": [_large()],
        "another task": [
            Runs(models=("resnet8",), accuracy=lambda model, seed, label: 90 + seed / 10 + len(label) / 9)
        ],
        "single layers": [replace(one, seeds=(0, 1))],
        "several profiles": [Runs(), replace(one, name="smoke", seeds=(0, 1))],
        "detection": [DetectedRuns(seeds=(0, 1, 2))],
    }[kind]
    folders = [runs.write(folder / str(place)) for place, runs in enumerate(made)]
    if kind == "single layers":
        SingleLayers().add(folders[0])
    found = [Study(load(each)) for each in folders]
    return [_of_another_task(found[0])] if kind == "another task" else found


def _failed(runs: Runs) -> Runs:
    return replace(runs, states={cell.name: "failed" for cell in runs.cells()})


def _large() -> Runs:
    swept = [_pruned(round(0.5 + place / 60, 3), place / 3, place / 60) for place in range(27)]
    named = {each.label: each for each in (*CONTROLS, *METHODS, *swept)}
    return Runs(models=tuple(f"network-{place}" for place in range(6)), seeds=(0, 1, 2), variants=tuple(named.values()))


def _of_another_task(study: Study) -> Study:
    primary = tasks.Primary("accuracy", "Closeness", "closeness", "", "lux", 1.0, 3, 1.0)
    other = PlannedTask(primary=primary, classifies=False, changes=())
    return Study(replace(study.results, plan=study.plan.model_copy(update={"task": other})))


KINDS = [
    "one network, one method, one seed",
    "one network, one method",
    "all failed",
    "three seeds",
    "another task",
    "single layers",
    "detection",
    pytest.param("digits", marks=pytest.mark.slow),
    pytest.param("several profiles", marks=pytest.mark.slow),
    pytest.param("40 methods, 6 networks", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("undrawn")
def test_pages_read_easily(kind: str, tmp_path: Path):
    document = compose(studies(kind, tmp_path))
    for name, page in pages(document, pdf=False).items():
        long = prose.too_long(page)
        assert not long, f"{name}: {len(long)} sentences are longer than {prose.MOST_WORDS} words:\n" + "\n".join(long)
        nested = prose.nested(page)
        assert not nested, f"{name}: brackets in brackets:\n" + "\n".join(nested)
        captions = _captions(page)
        assert not captions, f"{name}: captions longer than {MOST_IN_CAPTION} words:\n" + "\n".join(captions)
        assert prose.ease(prose.blocks(page, prose.PROSE)) >= prose.EASIEST, name
    _check_print(document)


def _captions(page: str) -> list[str]:
    """Captions without their details that are too long, each with its number of words."""
    shown = (html.unescape(re.sub("<[^>]+>", "", text)) for text in re.findall(r"<figcaption[^>]*><p>(.*?)</p>", page))
    counted = ((len(prose.words(text)), text) for text in shown)
    return [f"{count} words: {text}" for count, text in counted if count > MOST_IN_CAPTION]


def _check_print(document: Document) -> None:
    for item in (*document.tables, *document.figures):
        assert len(prose.words(f"{item.finding} {item.caption}")) <= 60, item.id


def test_a_long_sentence_is_found_and_named():
    words = " ".join(["word"] * 31)
    page = f"<p>Short here. And {words}.</p><p>Fine.</p><script>{words}</script><li>(one (two) three)</li>"
    assert prose.too_long(page) == [f"32 words: And {words}."]
    assert prose.nested(page) == ["(one (two) three)"]


def test_easy_words_read_more_easily_than_hard_ones():
    easy, hard = "The cat sat on the mat.", "Institutional heterogeneity necessitates considerable generalisation."
    assert prose.ease([easy]) > 100
    assert prose.ease([hard]) < prose.EASIEST
    assert prose.ease([easy, "98.7% 12"]) == prose.ease([easy])  # numbers are left out
