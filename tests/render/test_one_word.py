"""No page, figure or file shows two words for one claim."""

from __future__ import annotations

import csv
import html
import re
from pathlib import Path

import pytest

from bench.analysis import wording
from bench.analysis.claims import claim_on, claims
from bench.analysis.outcomes import outcomes, primary
from bench.analysis.sameness import inside_claims, insides_of
from bench.analysis.study import Study
from bench.render.figures.differences import build as drawn
from bench.render.kit.prose import text
from bench.render.kit.style import WIDE
from bench.render.text.summary import summary

# What is said in other words now; "or equivalent" is NeurIPS's own, in a question of its checklist.
GONE = (
    r"(?<!eed-)(?<!or )\bequivalent\b|inconclusive|\bundecided\b|\bunchanged\b|by less than matters|within margin\b"
    r"|\bcannot be told\b|told from it|lose little\b|, less (?:original|reference|control)"
    r"|\b(?:card|line|panel|seed|network) an? (?:model|seed|method|variant)\b"
)
FILES = ("index.html", "details.html", "appendix-body.tex", "appendix-full-body.tex", "data/datapackage.json")


def rows(rendered: Path, name: str) -> list[dict[str, str]]:
    with (rendered / "data" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def said(study: Study, model: str, variant: str, outcome) -> str:
    claim = claim_on(study, model, variant, outcome)
    assert claim is not None
    return wording.verdict(claim)


def of_inside(study: Study, model: str, variant: str) -> str:
    return wording.inside_word(inside_claims(study)[model, variant])


def test_files_say_what_the_claims_say(study: Study, rendered: Path):
    by_title = {outcome.title: outcome for outcome in outcomes(study)}
    verdicts = rows(rendered, "verdicts")
    assert len(verdicts) == len(claims(study))
    for row in verdicts:
        assert row["verdict"] == said(study, row["network"], row["method"], by_title[row["outcome"]])
    for row in rows(rendered, "along"):
        assert row["accuracy"] == said(study, row["network"], row["method"], primary(study))
        assert row["inside"] == of_inside(study, row["network"], row["method"])
    judged = [row for row in rows(rendered, "inside") if row["word"]]
    assert len(judged) == len(inside_claims(study))
    for row in judged:
        assert row["word"] == of_inside(study, row["network"], row["method"])
    judged = [row for row in rows(rendered, "results") if row["word"]]
    assert len(judged) == len(study.models) * len(study.plan.methods)
    for row in judged:
        assert row["word"] == said(study, row["network"], row["method"], primary(study))


def test_tables_and_points_of_the_page_say_what_the_claims_say(study: Study, rendered: Path):
    page = (rendered / "details.html").read_text(encoding="utf-8")
    found = 0
    for model, variant, row in re.findall(
        r'<tr class="method" data-model="([^"]*)" data-variant="([^"]*)"(.*?)</tr>', page, re.DOTALL
    ):
        network = (html.unescape(model), html.unescape(variant))
        words = {said(study, *network, outcome) for outcome in outcomes(study)} | {of_inside(study, *network)}
        words |= {wording.measure_word(each) for each in inside_claims(study)[network].measures.values()}
        for look, word in re.findall(r'<span class="verdict verdict-([^"]*)">([^<]*)</span>', row):
            assert html.unescape(word) in words
            assert look == re.sub(r"[^a-z]+", "-", html.unescape(word).partition(":")[0])
            found += 1
    assert found >= len(claims(study))
    points = re.findall(
        r'aria-label="([^"]*its reference: [^"]*)"[^>]*data-model="([^"]*)" data-variant="([^"]*)"', page
    )
    assert points
    for label, model, variant in points:
        word = html.unescape(label).rpartition("reference: ")[2]
        assert word == said(study, html.unescape(model), html.unescape(variant), primary(study))


def test_cards_sentences_and_figures_say_what_the_claims_say(study: Study):
    answer = text(summary(study)[1])
    assert wording.counted_words(claims_of(study, primary(study))) in answer
    assert wording.counted_insides(insides_of(study)) in answer
    figure = drawn(study)
    assert figure is not None
    written = [each.get_text() for panel in figure.draw(WIDE).drawing.axes for each in panel.texts]
    for claim in claims_of(study, primary(study)):
        assert wording.short(claim) in written


def claims_of(study: Study, outcome) -> list:
    return [claim for key, claim in claims(study).items() if key[2] == outcome.key]


@pytest.mark.parametrize("name", FILES)
def test_words_that_are_gone_are_nowhere(rendered: Path, name: str):
    content = (rendered / name).read_text(encoding="utf-8")
    visible = re.sub(r"<(script|style).*?</\1>", "", content, flags=re.DOTALL)
    assert re.findall(f".{{30}}(?:{GONE}).{{20}}", html.unescape(visible), re.IGNORECASE) == []


def test_words_that_are_gone_are_in_no_file(rendered: Path):
    for path in (rendered / "data").glob("*.csv"):
        assert not re.search(GONE, path.read_text(encoding="utf-8")), path.name
