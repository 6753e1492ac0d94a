"""The few images of each network that compressing it costs most clearly, and what it answers instead."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.analysis.answers import hurt
from bench.analysis.study import Study, judgement
from bench.diagnose.answers.exemplars import Exemplars, exemplars, most_wrong
from bench.roles import ORIGINAL, OTHER_SEED

SHOWN = 8  # images per network


@dataclass(frozen=True)
class LostImage:
    """One test image that most seeds of the original get right and most seeds of another network get wrong.

    Attributes:
        index: into the test images.
        label, answer: its class, and the most frequent wrong answer of the other network.
        votes: seeds that give this answer.
        original_right: seeds of the original that are right.
    """

    index: int
    label: int
    answer: int
    votes: int
    original_right: int


@dataclass(frozen=True)
class LostImages:
    """The images that one network loses.

    Attributes:
        seeds: that have answers of the original and of the network.
        count: number of all such images.
        images: at most `SHOWN` of them, those on which most seeds agree first, and of these each class in turn.
    """

    seeds: int
    count: int
    images: tuple[LostImage, ...]


@judgement
def lost(study: Study) -> dict[tuple[str, str], LostImages]:
    """By (model, variant), of every variant that has answers; empty if the task has no classes.

    Not of the original, nor of another seed: over all seeds these are the same networks, which lose nothing on average.
    """
    # What the tables say of methods is said again, of the seeds that have the control as well. A control, or a method
    # whose control failed, needs the original alone.
    tabled = {(losses.model, losses.variant): losses for losses in hurt(study)}
    networks = {}
    for model in study.models:
        for variant in study.plan.variants:
            if losses := tabled.get((model, variant.label)):
                named = losses.labels, losses.wrong, losses.votes
                networks[model, variant.label] = _lost(losses.seeds, losses.images, *named)
            elif variant.label not in (ORIGINAL, OTHER_SEED) and (
                beside := _beside_original(study, model, variant.label)
            ):
                networks[model, variant.label] = beside
    return networks


def _beside_original(study: Study, model: str, label: str) -> LostImages | None:
    originals, others = study.logits(model, ORIGINAL), study.logits(model, label)
    seeds = [seed for seed in study.plan.seeds if seed in originals and seed in others]
    if not seeds:
        return None
    truth = originals[seeds[0]][1]
    before, after = (np.stack([answers[seed][0] for seed in seeds]) for answers in (originals, others))
    images = exemplars(before, after, truth, alpha=study.plan.alpha)
    labels = truth[images.indices]
    return _lost(len(seeds), images, labels, *most_wrong(after[:, images.indices].argmax(2), labels))


def _lost(seeds: int, images: Exemplars, labels: np.ndarray, wrong: np.ndarray, votes: np.ndarray) -> LostImages:
    """With the first of the exemplars; (k,) labels, answers and votes are of all of them."""
    right = np.rint(images.original_rate[images.indices] * seeds)
    rows = zip(images.indices[:SHOWN], labels, wrong, votes, right)
    return LostImages(seeds, images.count, tuple(LostImage(*map(int, row)) for row in rows))
