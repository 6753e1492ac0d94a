"""The objects that networks find before compression and not after it, over all seeds and test images."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from bench import guests
from bench.analysis.study import Study, judgement
from bench.data.objects import Detections, ImageObjects
from bench.diagnose.answers.exemplars import Exemplars, lost
from bench.diagnose.answers.found_objects import OVERLAP, SURE, Counting, found
from bench.roles import CONTROL, ORIGINAL
from bench.statistics.multiplicity import holm

FEW = 5  # objects that the seeds of an original find on average, below which no score is asked for
Seen = list[tuple[ImageObjects, Detections]]


@dataclass(frozen=True)
class LostObjects:
    """What one method no longer finds, over the seeds that have the original, the method and the control.

    Attributes:
        seeds: they, in order.
        counting: which detections count.
        objects: (n, 2) of every annotated object that is no crowd: its image, and its number there.
        original, compressed, control: (S, n) bool, which are found; `control` is None without a control.
        exemplars: over objects: those that most seeds of the original find and most of the compressed network do not.
        p_chance, p_control: one-sided, that more is lost than by chance and than under the control, after Holm over the
            network's methods; NaN without a test.
    """

    model: str
    variant: str
    seeds: tuple[int, ...]
    counting: Counting
    objects: np.ndarray
    original: np.ndarray
    compressed: np.ndarray
    control: np.ndarray | None
    exemplars: Exemplars
    p_chance: float = float("nan")
    p_control: float = float("nan")

    @property
    def images(self) -> list[tuple[int, list[int]]]:
        """Each image that loses objects with their numbers, that which loses most first."""
        by_image: dict[int, list[int]] = {}
        for index in np.sort(self.exemplars.indices).tolist():
            image, number = self.objects[index].tolist()
            by_image.setdefault(image, []).append(number)
        return sorted(by_image.items(), key=lambda one: (-len(one[1]), one[0]))

    def seed_of(self, image: int) -> int:
        """The seed in which the image loses most, of several the first: that whose detections are drawn."""
        here = self.objects[:, 0] == image
        gone = (self.original & ~self.compressed)[:, here].sum(axis=1)
        return self.seeds[int(gone.argmax())]


@judgement
def lost_objects(study: Study) -> tuple[LostObjects, ...]:
    """Of every method with detections of any seed; empty if images have no objects."""
    if study.plan.task.classifies:
        return ()
    rows: list[LostObjects] = []
    for model in study.models:
        tables = _Tables(study, model)
        if tables.counting is not None:
            labels = [variant.label for variant in study.plan.methods]
            rows += _corrected([row for label in labels if (row := _lost(tables, label))], study.plan.alpha)
    return tuple(rows)


def seen(study: Study, model: str, variant: str, seed: int) -> Seen | None:
    """What is annotated in each test image and what a network detects in it; None if that is not known."""
    task, predictions = study.per_image.task, study.results.predictions(model, variant, seed)
    if task is None or predictions is None:
        return None
    with guests.blamed(task, f"task {study.plan.task.name!r}, its objects"):
        return task.objects(predictions, predictions)


class _Tables:
    """Which objects the networks of one model find.

    Attributes:
        counting: which detections count, by how many objects the original finds; None without an original.
    """

    def __init__(self, study: Study, model: str):
        self.study, self.model = study, model
        self._known: dict[tuple[str, int], np.ndarray | None] = {}
        self.counting: Counting | None = None
        self.counting = self._counting()

    def _counting(self) -> Counting | None:
        tables = [self._found(ORIGINAL, seed, Counting()) for seed in self.study.plan.seeds]
        counts = [int(table.sum()) for table in tables if table is not None]
        return Counting(surest=bool(np.mean(counts) < FEW)) if counts else None

    def found(self, variant: str, seed: int) -> np.ndarray | None:
        """(n,) bool by object; None without its detections. Those of what methods are compared with are kept."""
        key = variant, seed
        if key in self._known:
            return self._known[key]
        table = self._found(variant, seed, self.counting or Counting())
        if variant in (ORIGINAL, CONTROL):
            self._known[key] = table
        return table

    def _found(self, variant: str, seed: int, counting: Counting) -> np.ndarray | None:
        images = seen(self.study, self.model, variant, seed)
        if images is None:
            return None
        parts = [found(truth, detections, counting)[~truth.crowds] >= 0 for truth, detections in images]
        return np.concatenate([np.zeros(0, bool), *parts])

    def objects(self, seed: int) -> np.ndarray:
        """(n, 2) image and number of each object."""
        images = seen(self.study, self.model, ORIGINAL, seed) or []
        places = [
            (image, number) for image, (truth, _) in enumerate(images) for number in np.flatnonzero(~truth.crowds)
        ]
        return np.array(places, np.int64).reshape(-1, 2)


def _lost(tables: _Tables, variant: str) -> LostObjects | None:
    study = tables.study
    roles: tuple[str, ...] = (ORIGINAL, variant, CONTROL)
    by_seed = {seed: {role: tables.found(role, seed) for role in roles} for seed in study.plan.seeds}
    if not any(row[CONTROL] is not None for row in by_seed.values()):
        roles = roles[:2]
    # Losses are paired by seed, so that a seed counts only if all of its networks have detections.
    rows = {seed: [row[role] for role in roles] for seed, row in by_seed.items()}
    whole = {seed: [part for part in row if part is not None] for seed, row in rows.items()}
    whole = {seed: row for seed, row in whole.items() if len(row) == len(roles)}
    sizes = {part.shape for row in whole.values() for part in row}
    if len(sizes) != 1 or sizes == {(0,)}:
        return None
    original, compressed, *control = (np.stack(parts) for parts in zip(*whole.values(), strict=True))
    exemplars = lost(original, compressed, control[0] if control else None, alpha=study.plan.alpha)
    return LostObjects(
        model=tables.model,
        variant=variant,
        seeds=tuple(whole),
        counting=tables.counting or Counting(),
        objects=tables.objects(next(iter(whole))),
        original=original,
        compressed=compressed,
        control=control[0] if control else None,
        exemplars=exemplars,
    )


def _corrected(rows: list[LostObjects], alpha: float) -> list[LostObjects]:
    """The methods of one network with Holm's p of each of both questions."""
    of_chance = holm([row.exemplars.chance.p for row in rows], alpha=alpha).p
    of_control = holm([row.exemplars.control.p if row.exemplars.control else np.nan for row in rows], alpha=alpha).p
    return [replace(row, p_chance=a, p_control=b) for row, a, b in zip(rows, of_chance, of_control, strict=True)]


def which_count(study: Study) -> str:
    """What finding an object takes, in a sentence or two."""
    matched = f"Found: a detection of its class whose box overlaps its own by {OVERLAP:g} (IoU)"
    surest = {one.counting.surest for one in lost_objects(study)}
    if surest == {False}:
        return f"{matched}, with a score of at least {SURE:g}."
    among = "and is among as many of the surest in its image as there are objects"
    if surest == {True}:
        return f"{matched}, {among}: too few reach a score of {SURE:g}."
    return f"{matched}, with a score of at least {SURE:g}; where too few reach that, {among.removeprefix('and is ')}."
