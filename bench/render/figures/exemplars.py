"""The images that compression costs, with what they are and what the compressed networks make of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.axes import Axes

from bench.analysis.answers import Hurt, hurt
from bench.analysis.study import Study
from bench.diagnose.diagnostic import spread
from bench.render.figures import _mosaic, _rows
from bench.render.kit.figure import Figure, Sheet, blank, picture
from bench.render.kit.names import compact, cut
from bench.render.kit.style import INK, MUTED, Medium
from bench.render.text import captions

METHODS = 6  # rows
MOST = {"wide": 8, "narrow": 4, "print": 7}  # images of a method


@dataclass(frozen=True)
class Lost:
    """One method's exemplars, those on which most seeds agree first.

    Attributes:
        pictures: (k, h, w, 3) from 0 to 1.
        words: of each picture, the class and the answer.
        counts: of each picture, how many seeds of the original and of the compressed network are right.
        total: number of exemplars, of which these are the first.
    """

    name: str
    pictures: np.ndarray
    words: tuple[tuple[str, str], ...]
    counts: tuple[tuple[int, int], ...]
    total: int


def build(study: Study) -> list[Figure]:
    """One figure a model; none where no image is lost, or where the images are not beside the runs any more."""
    made = ((model, gallery(study, model)) for model in study.models)
    return [_figure(study, model, found) for model, found in made if found]


def gallery(study: Study, model: str) -> list[Lost]:
    """Of the methods that cost images at most `METHODS`: the fewest, the most and those evenly between."""
    images = study.results.test_images
    found = [each for each in hurt(study) if each.model == model and each.images.count]
    if images is None or not found:
        return []
    found.sort(key=lambda each: (each.images.count, each.variant))
    names = compact(study.plan)
    chosen = [found[place] for place in spread(len(found), METHODS)]
    return [_lost(study, names[each.variant], each, images) for each in chosen]


def _lost(study: Study, name: str, found: Hurt, images: np.ndarray) -> Lost:
    chosen = found.images.indices[: max(MOST.values())]
    rates = np.stack([found.images.original_rate[chosen], found.images.compressed_rate[chosen]], axis=1)
    counts = (rates * found.seeds).round().astype(int).tolist()
    named = study.plan.data.named
    return Lost(
        name,
        _mosaic.photographs(np.asarray(images[chosen])),
        tuple((named(label), named(given)) for label, given in zip(found.labels, found.given)),
        tuple((first, second) for first, second in counts),
        found.images.count,
    )


def _figure(study: Study, model: str, found: list[Lost]) -> Figure:
    return Figure(
        _mosaic.anchor("exemplars", model),
        f"Images that compressing {model} costs",
        captions.joined(
            "Test images that most seeds of the original get right and most seeds of the compressed network get wrong; "
            "those on which most seeds agree. Below each: its class and the most frequent wrong answer of the "
            "compressed network; how many seeds of the original and of it are right. Of the methods at most "
            f"{METHODS}: that with the fewest, that with the most and those evenly between. Whether they are more than "
            "chance and the control give is in the table of who is hurt.",
            captions.seeds(study),
            "No intervals or tests: each number below an image counts seeds.",
            captions.version(study),
        ),
        f"Test images that methods cost {model}, a row a method; every exemplar is in the data file.",
        partial(_paint, found),
        ("exemplars", "hurt"),
        tools=_mosaic.TOOLS,
    )


def _paint(found: Sequence[Lost], medium: Medium) -> Sheet:
    grow = medium.font / 8.4
    count = MOST[medium.layout]
    names, gap = _rows.name_width(medium) * grow * 0.8, 0.1 * grow
    step = min((medium.width - names - 0.04) / count, 0.85 * grow)
    letters = max(int(step * 72 / (0.6 * medium.small)) - 1, 4)
    apart = any(len(was) + len(now) >= letters for row in found for was, now in row.words[:count])
    below = (0.43 if apart else 0.3) * grow
    side = step - 0.06 * grow
    tall = side + below + gap
    sheet, panel = blank(medium, tall * len(found))
    for down, row in enumerate(found):
        bottom = (len(found) - down) * tall - side
        _head(panel, row, (names, bottom + side / 2), medium)
        for across in range(min(count, len(row.pictures))):
            left = names + across * step
            picture(panel, row.pictures[across], left, bottom, side, side, vmin=0, vmax=1)
            words = _below(row, across, letters, apart=apart)
            _write(panel, words, (left + side / 2, bottom), medium)
    return sheet


def _below(row: Lost, which: int, letters: int, *, apart: bool) -> list[tuple[str, str]]:
    """What stands below a picture, line by line with its colour: class and answer in two lines where they are long."""
    (was, now), (first, second) = row.words[which], row.counts[which]
    named = [cut(was, letters), f"→{cut(now, letters - 1)}"] if apart else [f"{was}→{now}"]
    return [*((line, INK) for line in named), (f"{first}→{second}", MUTED)]


def _write(panel: Axes, lines: list[tuple[str, str]], place: tuple[float, float], medium: Medium) -> None:
    for line, (text, color) in enumerate(lines):
        panel.annotate(
            text, place, (0, -2 - line * medium.small * 1.2), textcoords="offset points", ha="center", va="top",
            fontsize=medium.small, color=color,
        )  # fmt: skip


def _head(panel: Axes, row: Lost, place: tuple[float, float], medium: Medium) -> None:
    letters = max(int(place[0] * 72 / (0.6 * medium.small)), 8)
    text = f"{_mosaic.wrapped(row.name, letters)}\n{row.total} image{'s' * (row.total != 1)}"
    panel.annotate(
        text, place, (-4, 0), textcoords="offset points", ha="right", va="center", fontsize=medium.small, color=INK,
        linespacing=1.1,
    )  # fmt: skip
