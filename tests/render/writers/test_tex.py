from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.render.writers.tex import Tex, escape, identifier, spelled

HOSTILE = [
    ("<script>", r"\textless{}script\textgreater{}"),
    (r"$\input{x}$", r"\$\textbackslash{}input\{x\}\$"),
    ("50%", r"50\%"),
    ("a_b", r"a\_b"),
    ("#1", r"\#1"),
    ("~", r"\textasciitilde{}"),
    ("^", r"\textasciicircum{}"),
    ("\\", r"\textbackslash{}"),
    ("a & b", r"a \& b"),
    ("😀", "{[}U+1F600{]}"),
    ("[1ex] a*", "{[}1ex{]} a{*}"),
    ("Zoë Ångström", r"Zo\"{e} \r {A}ngstr\"{o}m"),
    ("−1 ± 2 × 3", r"\ensuremath{-}1 \ensuremath{\pm} 2 \ensuremath{\times} 3"),
    ("ΔNLL", r"\ensuremath{\Delta}NLL"),
    ("a\n\nb", "a b"),
    (
        "run --profile 'it'\"'\"'s.toml'",
        r"run -{}-profile \Qit\Q\textquotedbl{}\Q\textquotedbl{}\Qs.toml\Q".replace(r"\Q", r"\textquotesingle{}"),
    ),
    ("it's", "it's"),
]


@pytest.mark.parametrize(("text", "expected"), HOSTILE)
def test_text_prints_as_it_is(text: str, expected: str):
    assert escape(text) == expected


@given(st.text())
def test_nothing_active_is_left(text: str):
    bare = re.sub(r"\\[#$%&_{}]", "", escape(text))
    bare = re.sub(r"\\(text\w+|ensuremath|allowbreak|ldots|[A-Za-z]{1,2}|[`'^~=.\"])", "", bare)
    assert not set("#$%&_\\") & set(re.sub(r"\\\w+|\^[23\\]", "", bare))
    assert escape(text).isascii()


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=19, max_size=200))
def test_a_long_word_can_break_anywhere_or_at_its_hyphens(word: str):
    divided = all(len(part) < 18 for part in word.split("-"))
    assert escape(word).count(r"\allowbreak{}") == (0 if divided else len(word) - 1)


def test_what_is_ready_is_left_alone():
    assert escape(Tex(r"\textbf{x}")) == r"\textbf{x}"
    assert identifier("a_b") == r"\texttt{a\allowbreak{}\_\allowbreak{}b}"


def test_a_long_word_breaks_at_its_hyphens_and_else_anywhere():
    assert escape("(Benjamini-Hochberg),") == "(Benjamini-Hochberg),"
    assert "allowbreak" in escape("a" * 19)
    assert "allowbreak" in escape("short-" + "a" * 19)


def test_lines_may_end_between_code_points():
    assert escape("漢字") == r"{[}U+6F22{]}\allowbreak{}{[}U+5B57{]}"
    assert spelled("a 漢") == "a [U+6F22]"
