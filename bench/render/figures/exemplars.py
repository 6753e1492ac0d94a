"""The images that compression costs, with what they are and what the compressed networks make of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from bench.analysis.answers import Hurt, hurt
from bench.analysis.networks import title_of
from bench.analysis.study import Study
from bench.data.image_set import Images
from bench.diagnose.diagnostic import spread
from bench.render.figures._mosaic import TOOLS, anchor, names_width, wrapped
from bench.render.kit.figure import Figure, Sheet, blank, note, picture
from bench.render.kit.names import compact, cut
from bench.render.kit.pictures import photographs
from bench.render.kit.style import INK, MUTED, Medium

METHODS = 6  # most rows
MOST = {"wide": 8, "narrow": 4, "print": 7}  # images per method


@dataclass(frozen=True)
class Lost:
    """One method's exemplars, sorted by how many seeds agree.

    Attributes:
        pictures: (k, h, w, 3) from 0 to 1.
        words: each picture's class and the compressed network's answer.
        counts: for each picture, how many seeds of the original and of the compressed network are right.
        total: number of exemplars, of which these are the first.
    """

    name: str
    pictures: np.ndarray
    words: tuple[tuple[str, str], ...]
    counts: tuple[tuple[int, int], ...]
    total: int


def build(study: Study) -> list[Figure]:
    """One figure per model; none if no image is lost, or if the images are no longer beside the runs."""
    galleries = ((model, gallery(study, model)) for model in study.models)
    return [_figure(study, model, rows) for model, rows in galleries if rows]


def gallery(study: Study, model: str) -> list[Lost]:
    """At most `METHODS` methods that cost images, evenly spaced from the fewest to the most exemplars."""
    images = study.results.test_images
    costly = [method for method in hurt(study) if method.model == model and method.images.count]
    if images is None or not costly:
        return []
    costly.sort(key=lambda method: (method.images.count, method.variant))
    names = compact(study.plan)
    chosen = [costly[index] for index in spread(len(costly), METHODS)]
    return [_lost(study, names[method.variant], method, images) for method in chosen]


def _lost(study: Study, name: str, method: Hurt, images: Images) -> Lost:
    chosen = method.images.indices[: max(MOST.values())]
    rates = np.stack([method.images.original_rate[chosen], method.images.compressed_rate[chosen]], axis=1)
    counts = (rates * method.seeds).round().astype(int).tolist()
    named = study.plan.data.named
    return Lost(
        name,
        photographs(np.asarray(images[chosen])),
        tuple((named(label), named(answer)) for label, answer in zip(method.labels, method.wrong)),
        tuple((original, compressed) for original, compressed in counts),
        method.images.count,
    )


def _figure(study: Study, model: str, rows: list[Lost]) -> Figure:
    return Figure(
        anchor("exemplars", model),
        f"Images {title_of(study, model)} gets wrong after compression",
        "Test images that most seeds of the original get right and most seeds after compression get wrong.",
        f"Test images that methods cost {title_of(study, model)}, one row per method; all are in the data file.",
        partial(_paint, rows),
        ("exemplars", "hurt"),
        tools=TOOLS,
        details="Those on which most seeds agree. Below each: its class, and the wrong answer that the compressed "
        "network gives most. Then how many seeds of the original and of it are right. Of the methods at most "
        f"{METHODS}: that with the fewest, that with the most and those evenly between. Whether they are more than "
        "chance and the control give is in the table of classes and images lost. No intervals or tests: the numbers "
        "count seeds.",
    )


def _paint(rows: Sequence[Lost], medium: Medium) -> Sheet:
    grow = medium.grow
    count = MOST[medium.layout]
    names, gap = names_width(medium), 0.1 * grow
    step = min((medium.width - names - 0.04) / count, 0.85 * grow)
    letters = max(medium.letters(step, 0) - 1, 4)
    apart = any(len(label) + len(answer) >= letters for row in rows for label, answer in row.words[:count])
    below = (0.43 if apart else 0.3) * grow
    side = step - 0.06 * grow
    tall = side + below + gap
    sheet, panel = blank(medium, tall * len(rows))
    for index, row in enumerate(rows):
        bottom = (len(rows) - index) * tall - side
        text = f"{wrapped(row.name, medium.letters(names, 8))}\n{row.total} image{'s' * (row.total != 1)}"
        middle = (names, bottom + side / 2)
        note(panel, text, middle, (-4, 0), medium, ha="right", va="center", color=INK, linespacing=1.1)
        for column in range(min(count, len(row.pictures))):
            left = names + column * step
            picture(panel, row.pictures[column], left, bottom, side, side, vmin=0, vmax=1)
            for line, (text, color) in enumerate(_below(row, column, letters, apart=apart)):
                offset = (0, -2 - line * medium.small * 1.2)
                note(panel, text, (left + side / 2, bottom), offset, medium, ha="center", va="top", color=color)
    return sheet


def _below(row: Lost, column: int, letters: int, *, apart: bool) -> list[tuple[str, str]]:
    """Lines below a picture with their colours: class and answer, in two lines if `apart`, then the counts."""
    (label, answer), (original, compressed) = row.words[column], row.counts[column]
    named = [cut(label, letters), f"→{cut(answer, letters - 1)}"] if apart else [f"{label}→{answer}"]
    return [*((line, INK) for line in named), (f"{original}→{compressed}", MUTED)]
