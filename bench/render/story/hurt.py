"""The images that each network loses, as the story shows them: pictures with class, answer and votes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from bench.analysis.lost import LostImage, LostImages, lost
from bench.analysis.results import HOLES
from bench.analysis.study import Study
from bench.data.image_set import Images
from bench.render.kit.names import cut
from bench.render.kit.pictures import photographs
from bench.render.kit.prose import counted
from bench.render.story.sprite import Sprite, sprite
from bench.roles import ORIGINAL, OTHER_SEED
from bench.runner.plan_file import PlannedVariant

SHORT = 5  # letters of a class that fit below a small picture
LONGEST = 24  # letters of a class below a picture
SIDES = (64, 48, 32, 24)  # pixels that a picture's side is reduced to: the first with which all have room
ROOM = 1_500_000  # pixels of all pictures together; a page holds about a quarter of that in bytes


@dataclass(frozen=True)
class LostPicture:
    """One lost image.

    Attributes:
        box: its place in the sprite; empty if the image is no longer kept.
        label, answer: names of its class and of the most frequent wrong answer, cut if they are long.
        votes: how many seeds give it, such as "5 of 6".
        spoken: all that in a sentence.
    """

    box: str
    label: str
    answer: str
    votes: str
    spoken: str


@dataclass(frozen=True)
class LostSide:
    """What one network loses, one of the two that are compared or hidden.

    Attributes:
        sentence: how many images it loses, or why that is not known.
    """

    model: str
    variant: str
    title: str
    family: str
    sentence: str
    pictures: tuple[LostPicture, ...]

    @property
    def wordy(self) -> bool:
        """Whether names of classes need more room than a small picture has."""
        return any(len(name) > SHORT for picture in self.pictures for name in (picture.label, picture.answer))


@dataclass(frozen=True)
class LostPictures:
    """By network, what each of its variants loses, and the image that holds all pictures."""

    sides: Mapping[str, tuple[LostSide, ...]]
    photographs: Sprite


def lost_pictures(study: Study) -> LostPictures:
    """All networks of a study; each image stands once in the sprite, however many networks lose it."""
    indices = sorted({image.index for network in lost(study).values() for image in network.images})
    images = study.results.test_images
    packed = sprite([], photographs=True) if images is None or not indices else _packed(images, indices)
    boxes = dict(zip(indices, packed.boxes))
    sides = {model: tuple(_side(study, model, variant, boxes) for variant in study.plan.variants)
             for model in study.models}  # fmt: skip
    return LostPictures(sides, packed)


def _packed(images: Images, indices: list[int]) -> Sprite:
    chosen = np.asarray(images[indices])
    area = float(np.prod(chosen.shape[2:]))
    longest = max(chosen.shape[2:])
    # A picture of many pixels is reduced more where there are many pictures, so that the page stays light.
    side = next((s for s in SIDES if len(indices) * area * min(s / longest, 1.0) ** 2 <= ROOM), SIDES[-1])
    return sprite(list(photographs(chosen, side, smallest=1)), photographs=True)


def _side(study: Study, model: str, variant: PlannedVariant, boxes: Mapping[int, str]) -> LostSide:
    network = lost(study).get((model, variant.label))
    return LostSide(
        model, variant.label, variant.title, variant.family, _sentence(study, model, variant, network, bool(boxes)),
        tuple(_pictures(study, network, boxes)) if network else (),
    )  # fmt: skip


def _sentence(study: Study, model: str, variant: PlannedVariant, network: LostImages | None, kept: bool) -> str:
    if variant.label == ORIGINAL:
        return "The original is what the others are compared with."
    if variant.label == OTHER_SEED:
        return "These are the originals in another order of seeds, which lose nothing on average."
    if network is None:
        hole = study.hole(model, variant.label)
        return f"Nothing is known of its answers{f': compressing it {HOLES[hole]}' if hole else ''}."
    if not network.count:
        return "It loses no image that most seeds of the original get right."
    of = f" of {images:,}" if (images := study.plan.data.counts.get("test", 0)) else ""
    some = f"; {len(network.images)} of the clearest follow" if network.count > len(network.images) else ""
    gone = "" if kept else " The images are no longer beside the runs."
    return f"It loses {network.count:,}{of} test images{some}.{gone}"


def _pictures(study: Study, network: LostImages, boxes: Mapping[int, str]) -> Iterator[LostPicture]:
    named = study.plan.data.named
    for image in network.images:
        label, answer = (cut(named(index), LONGEST) for index in (image.label, image.answer))
        yield LostPicture(
            boxes.get(image.index, ""), label, answer, f"{image.votes} of {network.seeds}",
            _spoken(image, network.seeds, named(image.label), named(image.answer)),
        )  # fmt: skip


def _spoken(image: LostImage, seeds: int, label: str, answer: str) -> str:
    return (
        f"Image of {label}: {image.votes} of {counted(seeds, 'seed')} answer {answer}; "
        f"the original is right in {image.original_right}"
    )
