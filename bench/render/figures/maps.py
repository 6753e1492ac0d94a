"""Every block of the original against every block of a variant: mean over seeds, one colour scale."""

from __future__ import annotations

from functools import partial
from itertools import product

import numpy as np
from matplotlib.axes import Axes

from bench.analysis.distances import compared, distance
from bench.analysis.inside import yardstick
from bench.analysis.looks import ends_and_middle
from bench.analysis.study import Study
from bench.analysis.wording import measure_title
from bench.render.kit.figure import Figure, Sheet, blank, note, picture
from bench.render.kit.names import compact, cut, in_two_lines, short
from bench.render.kit.style import INK, MUTED, Medium
from bench.render.text import captions
from bench.roles import CONTROL, OTHER_SEED, RANDOM


def build(study: Study) -> list[Figure]:
    """One figure per feature convention and measure that has maps."""
    return [
        Figure(
            f"maps-{feature}" if measure == _mapped(study)[0] else f"maps-{feature}-{measure.replace(':', '-')}",
            f"Block against block, {feature} features" + _of(study, measure),
            captions.joined(
                f"{measure_title(study, measure)} of each block of the original (rows, input at the top) to each block "
                f"of a variant (columns), {feature} features, mean over seeds, one colour scale. Shown: the controls, "
                "and of the methods the nearest to the original, the middle one and the farthest; all are in the data.",
                captions.seeds(study),
                "Intervals and tests: see the table of blocks for the diagonal; none are drawn here.",
            ),
            "Heat maps of similarity between blocks; every value is in the data file of maps.",
            partial(_paint, study, feature, measure),
            ("maps",),
        )
        for feature in study.plan.features
        for measure in _mapped(study)
        if chosen(study, feature, measure)
    ]


def _of(study: Study, measure: str) -> str:
    return f", {measure_title(study, measure)}" if len(_mapped(study)) > 1 else ""


def _mapped(study: Study) -> list[str]:
    """The measures that any network has a map of."""
    return list(dict.fromkeys(measure for network in compared(study).values() for _, measure in network.maps))


def chosen(study: Study, feature: str, measure: str) -> list[str]:
    """Labels of the variants that are drawn: the controls, and the nearest, the middle and the farthest method."""
    mapped = {label for (_, label), network in compared(study).items() if (feature, measure) in network.maps}
    methods = [variant.label for variant in study.plan.methods if variant.label in mapped]
    methods.sort(key=lambda label: (_farness(study, label, feature, measure), label))
    return [*(label for label in (CONTROL, OTHER_SEED, RANDOM) if label in mapped), *ends_and_middle(methods)]


def _farness(study: Study, label: str, feature: str, measure: str) -> float:
    """Mean distance from the original over the models."""
    several = [distance(study, model, label, feature, measure) for model in study.models]
    return float(np.mean([one.overall.distance for one in several if one is not None] or [np.inf]))


def _map(study: Study, model: str, variant: str, feature: str, measure: str):
    """Names of the blocks and the map of one network; None if it has none."""
    network = compared(study).get((model, variant))
    return network.maps.get((feature, measure)) if network else None


def _paint(study: Study, feature: str, measure: str, medium: Medium) -> Sheet:
    variants = chosen(study, feature, measure)
    models = [m for m in study.models if any(_map(study, m, v, feature, measure) for v in variants)]
    names, grow = compact(study.plan), medium.grow
    across = len(variants) if medium.columns > 1 else min(3, len(variants))
    down = -(-len(variants) // across)
    step = (medium.width - 0.75 * grow) / across
    side, tall = step - 0.12, step - 0.12 + 0.5 * grow
    sheet, panel = blank(medium, tall * down * len(models))
    sheet.cuts = tuple(tall * row for row in range(1, down * len(models)))
    # Maps of a model stand in one line, or in several if the medium is narrow; pages may end between any two lines.
    image, most = None, _most(study, feature, measure)
    for row, (model, part) in enumerate(product(models, range(down))):
        bottom = (down * len(models) - row - 1) * tall + 0.14 * grow
        for column, variant in enumerate(variants[part * across : (part + 1) * across]):
            mapped = _map(study, model, variant, feature, measure)
            if mapped is None:
                continue
            blocks, values = mapped
            box = (0.3 * grow + column * step, bottom, side, side - 0.1 * grow)
            image = picture(panel, values, *box, vmin=0, vmax=most, cmap="viridis")
            _frame(panel, box, len(blocks), "" if column else model, names[variant], medium)
    if image is not None:
        _scale(sheet, image, most, short(measure_title(study, measure)), medium)
    return sheet


def _most(study: Study, feature: str, measure: str) -> float:
    """The end of the colour scale: that of similarities is 1, that of distances the largest there is."""
    if yardstick(study.plan, measure).best == 1.0:
        return 1.0
    maps = (network.maps.get((feature, measure)) for network in compared(study).values())
    return float(max((np.nanmax(mapped[1]) for mapped in maps if mapped is not None), default=1.0)) or 1.0


def _frame(
    panel: Axes, box: tuple[float, float, float, float], blocks: int, model: str, name: str, medium: Medium
) -> None:
    """A map's name above it, its first and last blocks beside it, and the model at the start of a line of maps."""
    left, bottom, width, height = box
    above = in_two_lines(name, medium.letters(width + 0.12, 0))
    note(panel, above, (left, bottom + height), (0, 3), medium, ha="left", va="baseline", color=INK)
    for block in sorted({0, blocks - 1}):
        share = (block + 0.5) / blocks
        note(panel, str(block + 1), (left + share * width, bottom), (0, -2), medium, ha="center", va="top")
        if model:
            beside = (left, bottom + (1 - share) * height)
            note(panel, str(block + 1), beside, (-2, 0), medium, ha="right", va="center_baseline")
    if model:
        middle, offset = (left, bottom + height / 2), (-2 - 1.5 * medium.small, 0)
        note(panel, cut(model, 18), middle, offset, medium, ha="right", va="center", rotation=90)


def _scale(sheet: Sheet, image, most: float, name: str, medium: Medium) -> None:
    """The colour bar, at the right of all maps."""
    grow = medium.grow
    width = 0.08 * grow / medium.width
    bar = sheet.drawing.add_axes((1 - 0.36 * grow / medium.width, 0.2, width, 0.6))
    sheet.drawing.colorbar(image, cax=bar, ticks=[0, most / 2, most], format="%.2g")
    bar.tick_params(length=0, pad=2, labelsize=medium.small)
    bar.set_title(name, fontsize=medium.small, fontweight="normal", pad=4, loc="left", color=MUTED)
    bar.spines["outline"].set_visible(False)
