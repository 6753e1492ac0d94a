"""Images that lose objects: what is annotated, and what the original, the control and a compressed network find."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from bench.analysis.lost_objects import LostObjects, lost_objects, seen, which_count
from bench.analysis.networks import title_of
from bench.analysis.study import Study
from bench.data import run_lengths
from bench.data.objects import Detections, ImageObjects
from bench.diagnose.answers.found_objects import found
from bench.diagnose.diagnostic import spread
from bench.render.figures._mosaic import anchor
from bench.render.kit.figure import Figure, Sheet, blank, note, picture
from bench.render.kit.names import compact, cut
from bench.render.kit.rows import NAMES, Network
from bench.render.kit.style import BAD, GOOD, INK, MUTED, Medium
from bench.render.kit.table import Column, Table, tabulate
from bench.roles import CONTROL, ORIGINAL

ROWS = {"wide": 4, "narrow": 3, "print": 4}  # images
LONGEST = 176  # pixels of a picture's longer side
GREYS = 20  # of the photographs: few, so that pages stay light
TINT = 0.45  # share of a mask's colour in its pixels


@dataclass(frozen=True)
class Outline:
    """An object in one panel: its box x, y, width, height as shares of the image, and how it is drawn."""

    box: tuple[float, float, float, float]
    colour: str
    dashed: bool = False
    thin: bool = False


@dataclass(frozen=True)
class Panel:
    """One network's view of an image: (h, w, 3) pixels with masks, and what is outlined."""

    head: str
    pixels: np.ndarray
    outlines: tuple[Outline, ...]


@dataclass(frozen=True)
class LosingImage:
    """One image: what it loses, and a panel each for what is annotated and for every network."""

    title: str
    panels: tuple[Panel, ...]

    @property
    def ratio(self) -> float:
        """Height over width."""
        height, width = self.panels[0].pixels.shape[:2]
        return float(height / width)


def build(study: Study) -> list[Figure]:
    """One figure per network; none if no object is lost, or if the images are no longer beside the runs."""
    losing_images = ((model, tuple(_losing_images(study, model))) for model in study.models)
    return [_figure(study, model, drawn) for model, drawn in losing_images if drawn]


def _losing_images(study: Study, model: str) -> Iterator[LosingImage]:
    """The images that lose most, of methods evenly spaced from the fewest to the most objects lost."""
    methods = [one for one in lost_objects(study) if one.model == model and one.exemplars.count]
    methods.sort(key=lambda one: (one.exemplars.count, one.variant))
    most = max(ROWS.values())
    chosen = [methods[index] for index in spread(len(methods), most)] if methods else []
    for place, one in enumerate(chosen):
        # What is left over when images are shared out goes to the methods that lose most, which come last.
        share = (most + place) // len(chosen)
        for image, numbers in one.images[:share]:
            if drawn := _losing_image(study, one, image, numbers):
                yield drawn


def _losing_image(study: Study, losses: LostObjects, image: int, lost: Sequence[int]) -> LosingImage | None:
    photograph, seed = _photograph(study, image), losses.seed_of(image)
    views = {role: seen(study, losses.model, role, seed) for role in (ORIGINAL, CONTROL, losses.variant)}
    original = views[ORIGINAL]
    if photograph is None or original is None:
        return None
    truth, names = original[image][0], compact(study.plan)
    kinds = Counter(study.plan.data.named(int(truth.labels[number])) for number in lost)
    what = ", ".join(f"{name} ×{count}" if count > 1 else name for name, count in kinds.items())
    panels = [_annotated(photograph, truth, lost)]
    for role, images in views.items():
        if images is not None:
            panels.append(_seen(names[role], photograph, *images[image], losses))
    return LosingImage(f"{names[losses.variant]}, image {truth.image_id}, seed {seed}. Lost: {what}", tuple(panels))


def _photograph(study: Study, image: int) -> np.ndarray | None:
    """(h, w, 3) from 0 to 1 in a few greys, so that what is drawn upon it stands out; None if it is gone."""
    images = study.results.test_images
    if images is None:
        return None
    pixels = images.whole(image, LONGEST) if hasattr(images, "whole") else np.asarray(images[[image]])[0]
    if pixels is None:
        return None
    grey = np.rint(pixels.mean(axis=0) / 255 * (GREYS - 1)) / (GREYS - 1)
    return 0.25 + 0.75 * np.repeat(grey[..., None], 3, axis=2)


def _annotated(photograph: np.ndarray, truth: ImageObjects, lost: Sequence[int]) -> Panel:
    pixels, outlines = photograph.copy(), []
    for number in np.flatnonzero(~truth.crowds).tolist():
        gone = number in lost
        if gone and truth.masks:
            _tint(pixels, truth.masks[number], truth.size, BAD)
        outlines.append(Outline(_share(truth.boxes[number], truth.size), BAD if gone else INK, thin=not gone))
    return Panel("Annotated", pixels, tuple(outlines))


def _seen(head: str, photograph: np.ndarray, truth: ImageObjects, detections: Detections, losses: LostObjects) -> Panel:
    """What a network finds, what it misses, and what it takes for an object that is none."""
    by = found(truth, detections, losses.counting)
    pixels, counted = photograph.copy(), losses.counting.chosen(detections, int((~truth.crowds).sum()))
    false = [_share(detections.boxes[number], truth.size) for number in np.setdiff1d(counted, by).tolist()]
    outlines = [Outline(box, MUTED, thin=True) for box in false]
    for number in np.flatnonzero(~truth.crowds).tolist():
        detection = int(by[number])
        if detection < 0:
            outlines.append(Outline(_share(truth.boxes[number], truth.size), BAD, dashed=True))
            continue
        if detections.masks:
            _tint(pixels, detections.masks[detection], truth.size, GOOD)
        outlines.append(Outline(_share(detections.boxes[detection], truth.size), GOOD))
    return Panel(head, pixels, tuple(outlines))


def _tint(pixels: np.ndarray, text: bytes, size: tuple[int, int], colour: str) -> None:
    """Colour the pixels inside a mask, by the pixel of it that lies nearest to the middle of each."""
    mask = run_lengths.decoded(text, *size)
    rows, columns = (((np.arange(n) + 0.5) * length / n).astype(int) for n, length in zip(pixels.shape, size))
    inside = mask[rows[:, None], columns]
    pixels[inside] = (1 - TINT) * pixels[inside] + TINT * np.array(to_rgb(colour))


def _share(box: np.ndarray, size: tuple[int, int]) -> tuple[float, float, float, float]:
    """A box as shares of its image, cut off at the edges."""
    height, width = size
    left, top, right, bottom = np.clip(
        [box[0] / width, box[1] / height, (box[0] + box[2]) / width, (box[1] + box[3]) / height], 0, 1
    )
    return float(left), float(top), float(right - left), float(bottom - top)


def _figure(study: Study, model: str, losing_images: tuple[LosingImage, ...]) -> Figure:
    network = title_of(study, model)
    return Figure(
        anchor("lost-objects", model),
        "Who is hurt",
        "Solid green: found. Dashed red: missed. Thin grey: no such object.",
        f"Photographs with the boxes and masks that {network}, its fine-tuned control and compressed networks find; "
        "every lost object is in the data file.",
        partial(_paint, losing_images),
        ("exemplar_objects", "lost_objects"),
        network=model,
        finding=finding(study, model),
        details="Lost: most seeds of the original find the object and most seeds of the compressed network do not. "
        "The images that lose most, of at most four methods: that with the fewest, that with the most and those "
        "evenly between. Annotated: solid red is lost, thin black is not. Drawn is one seed, that in which the image "
        f"loses most. {which_count(study)} Whether more is lost than by chance and under the control is in the table "
        "of objects lost. No intervals: the numbers count objects.",
        summary=_summary(study, model),
    )  # fmt: skip


def finding(study: Study, model: str) -> str:
    """Which method loses most, of how many objects."""
    rows = [one for one in lost_objects(study) if one.model == model]
    names, network = compact(study.plan), title_of(study, model)
    most = max(rows, key=lambda one: one.exemplars.count)
    there = int((2 * most.original.sum(0) > len(most.seeds)).sum())
    kept = sum(not one.exemplars.count for one in rows)
    also = f"; {kept} of {len(rows)} methods lose{'s' * (kept == 1)} none" if kept else ""
    count = most.exemplars.count
    return f"{names[most.variant]} loses {count:,} of the {there:,} objects that most seeds of {network} find{also}."


@dataclass(frozen=True, kw_only=True)
class _Losing(Network):
    losses: LostObjects


COLUMNS: tuple[Column[_Losing], ...] = (
    *NAMES,
    Column("lost", "Objects lost", "number", "Most seeds of the original find them, and most of its own do not.",
           lambda net: net.losses.exemplars.count),
    Column("found", "Finds", "number", "Objects, mean over seeds.",
           lambda net: float(net.losses.compressed.sum(1).mean()), "", 1),
    Column("original", "Original finds", "number", "Objects, mean over seeds.",
           lambda net: float(net.losses.original.sum(1).mean()), "", 1),
)  # fmt: skip


def _summary(study: Study, model: str) -> Table | None:
    rows = [
        _Losing(study, model, study.plan.variant(one.variant), losses=one)
        for one in lost_objects(study)
        if one.model == model
    ]
    return tabulate(anchor("lost-summary", model), "Who is hurt", "", COLUMNS, {title_of(study, model): rows})


def _paint(losing_images: Sequence[LosingImage], medium: Medium) -> Sheet:
    drawn = losing_images[: ROWS[medium.layout]]
    gap, head, line = 0.06 * medium.grow, 0.2 * medium.grow, 0.17 * medium.grow
    across = min(max(len(losing.panels) for losing in drawn), 4 if medium.columns > 1 else 2)
    side = (medium.width - gap * (across - 1)) / across
    tall = [_rows(losing, across) * (side * min(losing.ratio, 1.0) + line) + head + gap for losing in drawn]
    sheet, panel = blank(medium, sum(tall))
    top = sum(tall)
    for losing, height in zip(drawn, tall):
        text = cut(losing.title, medium.letters(medium.width, 20))
        note(panel, text, (0, top - head), (0, 2), medium, ha="left", va="bottom", color=INK)
        tallest = side * min(losing.ratio, 1.0)
        for index, view in enumerate(losing.panels):
            row, column = divmod(index, across)
            above = top - head - row * (tallest + line)
            _draw(panel, view, (column * (side + gap), above - line - tallest, side, tallest), losing.ratio, medium)
            at = (column * (side + gap), above - line)
            letters = medium.letters(side, 8)
            note(panel, cut(view.head, letters), at, (0, 1.5), medium, ha="left", va="bottom")
        top -= height
    sheet.cuts = tuple(np.cumsum(tall)[:-1].tolist())
    return sheet


def _rows(losing: LosingImage, across: int) -> int:
    return -(-len(losing.panels) // across)


def _draw(panel: Axes, view: Panel, room: tuple[float, float, float, float], ratio: float, medium: Medium) -> None:
    """A picture as large as its room allows, with its outlines; lengths in inches."""
    left, bottom, width, height = room
    if ratio > 1:  # upright pictures are as high as the room, and narrower
        width = height / ratio
    picture(panel, view.pixels, left, bottom, width, height, vmin=0, vmax=1)
    for outline in view.outlines:
        x, y, wide, tall = outline.box
        style: dict[str, Any] = {"linestyle": (0, (3, 2)) if outline.dashed else "-"}
        panel.add_patch(
            Rectangle(
                (left + x * width, bottom + (1 - y - tall) * height), wide * width, tall * height, fill=False,
                edgecolor=outline.colour, linewidth=(0.6 if outline.thin else 1.3) * medium.grow, **style,
            )
        )  # fmt: skip
