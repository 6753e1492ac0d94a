"""Galleries: what a diagnostic painted for several networks, in each model's first finished seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.analysis.looks import Looks
from bench.runner.plan_file import PlannedVariant

FILTERS, CLASS_IMAGES, INVERSIONS, DREAMS = "filters", "class-images", "feature-inversion", "deep-dream"
CHANNELS, OTHER_START = "activation-maximization", "other-initialisation"
# By diagnostic: the metric that orders the methods (empty: the profile's order), and the arrays that make a picture.
_MADE_OF: dict[str, tuple[str, tuple[str, ...]]] = {
    FILTERS: ("cosine", ("filters", "matched")),
    CLASS_IMAGES: ("recognised", ("images",)),
    INVERSIONS: ("", ("images",)),
    DREAMS: ("", ("images",)),
    CHANNELS: ("transfer", ("images",)),
}


@dataclass(frozen=True)
class Painted:
    """One network's pictures as a diagnostic kept them.

    Attributes:
        role: the variant's, in the cell where it is best seen.
        there: whether the model's first finished seed has all arrays of a picture.
    """

    variant: PlannedVariant
    arrays: Mapping[str, np.ndarray]
    role: str
    there: bool

    def __getitem__(self, name: str) -> np.ndarray:
        """The array NAME.ROLE, this network's own."""
        return self.arrays[f"{name}.{self.role}"]


def painted(looks: Looks, model: str) -> list[Painted]:
    """The networks that are shown, with their pictures; empty if the first finished seed has no picture of any."""
    metric, names = _MADE_OF[looks.diagnostic]
    seed = looks.first_seed(model)
    if seed is None:
        return []
    pictures = []
    for variant in looks.drawn(metric, model):
        arrays, role = looks.arrays(model, variant.label, seed)
        pictures.append(Painted(variant, arrays, role, all(f"{name}.{role}" in arrays for name in names)))
    return pictures if any(picture.there for picture in pictures) else []


def first(pictures: Sequence[Painted]) -> Painted:
    """The first network that has pictures."""
    return next(picture for picture in pictures if picture.there)
