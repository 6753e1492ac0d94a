from __future__ import annotations

import re
from dataclasses import replace

import pytest

from bench.analysis.study import Study
from bench.render.document import compose
from bench.render.figures import footprint
from bench.render.kit.style import (
    FAMILIES,
    GUEST_COLORS,
    GUEST_MARKERS,
    OTHER,
    PRINT,
    VARIABLES,
    WIDE,
    drawn_with,
    family,
    in_order,
    styles,
)
from bench.render.writers.html import pages
from bench.render.writers.overrides import TEMPLATES


@pytest.fixture
def guests(study_of, variants) -> Study:
    """A study with two families of a user's own."""
    chosen = [variants[label] for label in ("original", "finetune", "float16")]
    shrunk = replace(variants["nncf-int8-ptq"], label="soft", title="Soft threshold", family="shrinkage")
    hashed = replace(shrunk, label="hashed", title="Hashed", family="Hashing & more", kept=0.3)
    return study_of(variants=(*chosen, shrunk, hashed), seeds=(0, 1))


def test_families_of_ones_own_share_no_style_with_any_other():
    names = [f"mine {number}" for number in range(16)]
    all_styles = [*FAMILIES.values(), OTHER, *styles(names).values()]
    assert len({(style.color, style.marker) for style in all_styles}) == len(all_styles)
    colors = {style.color for style in (*FAMILIES.values(), OTHER)}
    markers = {style.marker for style in (*FAMILIES.values(), OTHER)}
    assert not colors & set(GUEST_COLORS)
    assert not markers & set(GUEST_MARKERS)


def test_a_style_depends_on_the_names_alone():
    first = styles(["b", "a", "pruning"])
    assert list(first) == ["a", "b"]
    assert styles(["pruning", "a", "b", "a"]) == first
    with drawn_with(first):
        assert family("a") == first["a"]
        assert family("another") == OTHER
    assert family("a") == OTHER
    assert in_order(["b", "pruning", "a", "b", "quantization"]) == ["quantization", "pruning", "a", "b"]


def test_a_page_and_its_drawings_know_families_of_ones_own(guests: Study):
    document = compose([guests])
    source = pages(document, pdf=False)["details.html"]
    assert '.family-shrinkage{--family:var(--family-guest-2);--shape:"⬧"}' in source
    assert '.family-hashing-more{--family:var(--family-guest-1);--shape:"⬟"}' in source
    assert re.search(r"fill: ?var\(--family-guest-2\)", source)
    assert '<span class="marker family-shrinkage"' in source


def test_the_key_shows_families_of_ones_own(guests: Study):
    figure = footprint.build(guests)[0]
    with drawn_with(styles(variant.family for variant in guests.plan.variants)):
        drawing = figure.draw(WIDE).drawing
    markers = {text.get_text(): line for text, line in zip(drawing.texts, drawing.artists, strict=True)}
    assert list(markers)[-2:] == ["Hashing & more", "shrinkage"]
    assert (markers["shrinkage"].get_marker(), markers["shrinkage"].get_markerfacecolor()) == ("d", GUEST_COLORS[1])
    assert figure.pages(PRINT)[0].startswith(b"%PDF")


@pytest.mark.slow
def test_a_page_without_guests_has_no_style_for_them(study: Study):
    assert "guest" not in pages(compose([study]), pdf=False)["details.html"]


def luminance(color: str) -> float:
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_colours_of_guests_can_be_read_on_light_and_on_dark_pages():
    style = (TEMPLATES / "html" / "guests.css").read_text(encoding="utf-8")
    light, dark, again, paper = ([*re.findall(r"#[0-9a-f]{6}", part)] for part in re.split(r"(?:^|\n)[:@]", style)[1:])
    assert tuple(light) == GUEST_COLORS
    assert dark == again
    assert light == paper
    assert [VARIABLES[color] for color in light] == re.findall(r"--family-guest-\d", style)[:4]
    for color in light:
        assert (1 + 0.05) / (luminance(color) + 0.05) > 4.5, color
    for color in dark:
        assert (luminance(color) + 0.05) / (luminance("#14161a") + 0.05) > 4.5, color
