"""What each network looks at, as the story shows it: a row of pictures per variant, of which a page shows a few."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np

from bench.analysis.attributions import DIAGNOSTIC, TITLES, attributions
from bench.analysis.looks import BYPASSED, Looks
from bench.analysis.results import HOLES
from bench.analysis.study import Study
from bench.analysis.wording import decimal
from bench.render.kit.names import compact
from bench.render.kit.pictures import photographs, thumbnails
from bench.render.kit.prose import counted, listed
from bench.render.story.sprite import Sprite, sprite
from bench.roles import CONTROL, ORIGINAL, OTHER_SEED, RANDOM
from bench.runner.plan_file import PlannedVariant
from bench.statistics.estimate import Estimate

MOST_ATTRIBUTIONS = 2  # side by side; the others are in the details
MOST_IMAGES = 6
LARGEST = 48  # pixels of a map's side
SCALE, SHADES = "RdBu_r", 64  # few shades, so that maps compress well
ALWAYS = (ORIGINAL, CONTROL)  # rows that no choice hides


@dataclass(frozen=True)
class Strip:
    """One network's maps by one attribution.

    Attributes:
        boxes: places in the attribution's sprite; empty without maps.
        agreement: with the original's maps, as printed; empty if there is none.
        spoken: what the maps are, in a sentence.
    """

    boxes: tuple[str, ...]
    agreement: str
    spoken: str


@dataclass(frozen=True)
class View:
    """One network's row.

    Attributes:
        always: whether it is shown whatever is compared.
        strips: one per attribution; empty if the network was not looked into, and `sentence` says so.
    """

    variant: PlannedVariant
    always: bool
    strips: tuple[Strip, ...]
    sentence: str = ""


@dataclass(frozen=True)
class Attribution:
    """The head of a column of maps.

    Attributes:
        yardsticks: how far another seed and random weights agree with the original.
    """

    title: str
    yardsticks: str
    maps: Sprite


@dataclass(frozen=True)
class Views:
    """What one network's variants look at, on the same few images.

    Attributes:
        seed: of all pictures.
        answers: the class whose evidence is drawn, for each image.
        images: the photographs.
    """

    seed: int
    answers: tuple[str, ...]
    images: Sprite
    attributions: tuple[Attribution, ...]
    rows: tuple[View, ...]


def views(study: Study) -> dict[str, Views]:
    """By network, of those that were looked into."""
    looks = Looks(study, DIAGNOSTIC)
    by_network = {model: _views(looks, model) for model in study.models}
    return {model: seen for model, seen in by_network.items() if seen}


def _views(looks: Looks, model: str) -> Views | None:
    seed = looks.first_seed(model)
    if seed is None:
        return None
    every = {
        (variant.label, name): kept
        for variant in looks.study.plan.variants
        for name in attributions(looks)
        if (kept := _maps(looks, model, variant.label, seed, name)) is not None
    }
    names = [name for name in attributions(looks) if any(of == name for _, of in every)][:MOST_ATTRIBUTIONS]
    maps = {(label, name): kept for (label, name), kept in every.items() if name in names}
    if not maps:
        return None
    packed = {name: _packed({label: kept for (label, of), (kept, _) in maps.items() if of == name}) for name in names}
    arrays, _ = looks.arrays(model, next(iter(maps))[0], seed)
    count = min(max(len(kept) for kept, _ in maps.values()), MOST_IMAGES)
    answers = _answers(looks.study, arrays)[:count]
    titles = compact(looks.study.plan)
    methods = [variant.label for variant in looks.study.plan.methods]
    seen = listed([titles[label] for label in dict.fromkeys(label for label, _ in maps) if label in methods])
    rows = []
    for variant in looks.study.plan.variants:
        strips = tuple(
            _strip(looks, model, variant, name, packed[name][1], maps.get((variant.label, name)), answers)
            for name in names
        )
        looked = any(strip.boxes for strip in strips)
        why = "" if looked else _why(looks, model, variant, seen)
        rows.append(View(variant, looked and variant.label in ALWAYS, strips if looked else (), why))
    real = arrays.get("real")
    return Views(
        seed,
        answers,
        sprite(list(photographs(real[:count], LARGEST, smallest=1)) if real is not None else []),
        tuple(Attribution(TITLES.get(name, name), _yardsticks(looks, model, name), packed[name][0]) for name in names),
        tuple(rows),
    )


def _maps(looks: Looks, model: str, label: str, seed: int, attribution: str) -> tuple[np.ndarray, str] | None:
    """(K, h, w) maps of a network as it computes, or else with its quantisers by-passed, and the role's suffix."""
    arrays, role = looks.arrays(model, label, seed)
    for suffix in ("", BYPASSED):
        kept = arrays.get(f"{attribution}.map.{role}{suffix}")
        if kept is not None and len(kept):
            return kept[:MOST_IMAGES].astype(np.float64), suffix
    return None


def _packed(maps: Mapping[str, np.ndarray]) -> tuple[Sprite, dict[str, tuple[str, ...]]]:
    """One image of all maps of an attribution in one colour scale, and each network's places in it."""
    if not maps:
        return sprite([]), {}
    colours = mpl.colormaps[SCALE].resampled(SHADES)
    shown = {label: thumbnails(kept, LARGEST, smallest=1) for label, kept in maps.items()}
    height, width = next(iter(shown.values())).shape[1:3]
    pictures: list[np.ndarray] = []
    places: dict[str, tuple[int, int]] = {}
    for label, kept in shown.items():
        # All pictures of a sprite have one size; maps of a network with other sizes are drawn by the nearest pixel.
        down, across = (np.arange(size) * side // size for size, side in zip((height, width), kept.shape[1:3]))
        places[label] = len(pictures), len(pictures) + len(kept)
        pictures += list(colours((kept[:, down][:, :, across] + 1) / 2)[..., :3])
    packed = sprite(pictures)
    return packed, {label: packed.boxes[first:last] for label, (first, last) in places.items()}


def _answers(study: Study, arrays: Mapping[str, np.ndarray]) -> tuple[str, ...]:
    if "shown" not in arrays or "targets" not in arrays:
        return ()
    return tuple(map(study.plan.data.named, arrays["targets"][arrays["shown"]].tolist()))


def _strip(
    looks: Looks,
    model: str,
    variant: PlannedVariant,
    attribution: str,
    boxes: Mapping[str, tuple[str, ...]],
    kept: tuple[np.ndarray, str] | None,
    answers: Sequence[str],
) -> Strip:
    if kept is None or variant.label not in boxes:
        return Strip((), "", "")
    agreement = "" if variant.label == ORIGINAL else _agreement(looks, model, variant.label, attribution, kept[1])
    title = TITLES.get(attribution, attribution)
    of = f" for {listed(answers)}" if answers else ""
    spoken = f"{title} of {variant.title} on {counted(len(boxes[variant.label]), 'image')}{of}"
    return Strip(boxes[variant.label], agreement, spoken)


def _agreement(looks: Looks, model: str, label: str, attribution: str, suffix: str) -> str:
    return _printed(looks.mean(f"{attribution}.spearman", model, label, suffix=suffix))


def _printed(estimate: Estimate) -> str:
    """A value with its interval; empty if there is none."""
    if not np.isfinite(estimate.value):
        return ""
    value, low, high = (decimal(number, 2) for number in (estimate.value, estimate.low, estimate.high))
    return f"{value} [{low}, {high}]" if np.isfinite([estimate.low, estimate.high]).all() else value


def _yardsticks(looks: Looks, model: str, attribution: str) -> str:
    names = {OTHER_SEED: "another seed", RANDOM: "random weights"}
    values = {name: looks.mean(f"{attribution}.spearman", model, label).value for label, name in names.items()}
    known = [f"{name} {decimal(value, 2)}" for name, value in values.items() if np.isfinite(value)]
    return ", ".join(known)


def _why(looks: Looks, model: str, variant: PlannedVariant, seen: str) -> str:
    """Why a network has no maps, and which have."""
    asked = variant.label in {one.label for one in looks.variants}
    hole = looks.hole(model, variant.label) if asked else ""
    reason = f"The look into it {HOLES[hole]}" if hole else "It was not looked into"
    return f"{reason}; these were: {seen}."
