"""What every seed of a network answers on every test image, as the task reads it from the stored predictions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bench import guests
from bench.analysis.results import Results
from bench.errors import InputError
from bench.roles import ORIGINAL
from bench.task import Task, task

ONE_OF = 1e-9  # by which means may differ that are the same number


@dataclass(frozen=True)
class AnswerAgreement:
    """On how many test images a network gives the answer of the original of its seed.

    Attributes:
        images: test images.
        alike: those with the original's answer in every seed.
        seeds: that have both networks.
    """

    images: int
    alike: int
    seeds: int

    @property
    def identical(self) -> bool:
        """Whether no answer differs, on any image in any seed."""
        return self.seeds > 0 and self.alike == self.images > 0

    @property
    def bound(self) -> float:
        """Upper end of the 95% interval of the share of new images that differ, where none of n does: 3/n."""
        return min(3 / self.images, 1.0) if self.images else 1.0


class PerImage:
    """The tables of one profile, each read when first asked for and kept."""

    def __init__(self, results: Results):
        self.results = results
        self._tables: dict[tuple[str, str], np.ndarray | None] = {}
        self._agreements: dict[tuple[str, str], AnswerAgreement | None] = {}
        self._originals: dict[str, dict[int, np.ndarray]] = {}
        self._left_out: dict[tuple[str, str], np.ndarray] = {}
        try:
            self.task: Task | None = task(results.plan.task.name)
        except InputError:  # a guest's, whose code is not here
            self.task = None

    def table(self, model: str, variant: str) -> np.ndarray | None:
        """(S, n) the primary metric of each seed and test image, unscaled, NaN for a seed without them.

        The mean of a row is the seed's metric. A seed is left out whose values are not there, have another mean than
        its metric, or are of other images than the original's; None if that leaves no seed.
        """
        if (model, variant) not in self._tables:
            self._read(model, variant)
        return self._tables[model, variant]

    def left_out(self, model: str, variant: str) -> np.ndarray:
        """(S,) whether a seed has the primary metric and yet no row of `table`, where other seeds have one."""
        if (model, variant) not in self._left_out:
            table = self.table(model, variant)
            levels = self.results.by_seed("compressed", self.results.plan.task.primary.test, model, variant)
            rowless = np.zeros(len(levels), bool) if table is None else np.isnan(table).any(axis=1)
            self._left_out[model, variant] = np.isfinite(levels) & rowless
        return self._left_out[model, variant]

    def validation(self, model: str, variant: str) -> np.ndarray | None:
        """As `table`, on the validation images, but None if any seed has no row; read anew at every call."""
        plan = self.results.plan
        levels = self.results.by_seed("compressed", plan.task.primary.validation, model, variant)
        rows: dict[int, np.ndarray | None] = {}
        for place in np.flatnonzero(np.isfinite(levels)).tolist():
            found = self.results.predictions(model, variant, plan.seeds[place], split="validation")
            if self.task is None or not found:
                return None
            with guests.blamed(self.task, f"task {plan.task.name!r}, what it says of single images"):
                rows[place] = _centred(self.task.per_image(found, found), float(levels[place]))
        table = _stacked(rows, len(levels))
        # What is chosen by all seeds cannot be drawn again with some of them.
        return table if table is not None and np.isfinite(table[np.isfinite(levels)]).all() else None

    def agreement(self, model: str, variant: str) -> AnswerAgreement | None:
        """With the original's answers; None if the task gives none, or no seed has both networks."""
        if (model, variant) not in self._agreements:
            self._read(model, variant)
        return self._agreements[model, variant]

    @property
    def compares_answers(self) -> bool:
        """Whether the task says what each image is answered."""
        return self.task is not None and type(self.task).answers is not Task.answers

    def chance(self, model: str) -> float | None:
        """What an answer without looking reaches on the test images; None if the task does not say."""
        first = next(
            (
                found
                for seed in self.results.plan.seeds
                if (found := self.results.predictions(model, ORIGINAL, seed)) is not None
            ),
            None,
        )
        if self.task is None or first is None:
            return None
        with guests.blamed(self.task, f"task {self.results.plan.task.name!r}, its chance"):
            return self.task.chance(first)

    # Predictions of many classes are large, so that each file is read once and only what is asked of it is kept.
    def _read(self, model: str, variant: str) -> None:
        if variant != ORIGINAL and model not in self._originals:
            self._read(model, ORIGINAL)
        metric = self.results.plan.task.primary.test
        levels = self.results.by_seed("compressed", metric, model, variant)
        rows: dict[int, np.ndarray | None] = {}
        answers: dict[int, np.ndarray] = {}
        for place, seed in enumerate(self.results.plan.seeds):
            found = self.results.predictions(model, variant, seed) if self.task else None
            if self.task is None or found is None or not np.isfinite(levels[place]):
                continue
            with guests.blamed(self.task, f"task {self.results.plan.task.name!r}, what it says of single images"):
                rows[place] = _centred(self.task.per_image(found, found), float(levels[place]))
                given = self.task.answers(found)
            if given is not None:
                answers[seed] = np.asarray(given)
        original = None if variant == ORIGINAL else self._tables[model, ORIGINAL]
        table = _stacked(rows, len(levels), None if original is None else original.shape[1])
        self._tables[model, variant] = table
        if table is not None:  # what is no row is no answer of that network's either
            rowless = {seed for seed, row in zip(self.results.plan.seeds, table, strict=True) if np.isnan(row).any()}
            answers = {seed: given for seed, given in answers.items() if seed not in rowless}
        if variant == ORIGINAL:
            self._originals[model] = answers
        self._agreements[model, variant] = _agreement(answers, self._originals[model])


def _centred(values: np.ndarray | None, level: float) -> np.ndarray | None:
    """(n,) with the metric as mean; None if it is not the mean of these values.

    Pseudo-values have the metric but for its bias as mean, which is of the order of 1/n and moved away; what differs
    by more than its own standard error belongs to other predictions.
    """
    if values is None:
        return None
    row = np.asarray(values, dtype=np.float64)
    if row.ndim != 1 or len(row) < 2 or not np.isfinite(row).all():
        return None
    off = level - float(row.mean())
    if abs(off) <= ONE_OF:
        return row
    return row + off if abs(off) <= float(row.std(ddof=1)) / np.sqrt(len(row)) else None


def _stacked(rows: Mapping[int, np.ndarray | None], seeds: int, images: int | None = None) -> np.ndarray | None:
    """(S, n) with the rows of the seeds that have n images, by default the commonest number; None without any."""
    present = {place: row for place, row in rows.items() if row is not None}
    counts = Counter(len(row) for row in present.values() if images in (None, len(row)))
    if not counts:
        return None
    ((images, _),) = counts.most_common(1)
    table = np.full((seeds, images), np.nan)
    for place, row in present.items():
        if len(row) == images:
            table[place] = row
    return table


def _agreement(answers: Mapping[int, np.ndarray], originals: Mapping[int, np.ndarray]) -> AnswerAgreement | None:
    shared = [(answers[seed], originals[seed]) for seed in answers if seed in originals]
    if not shared or len({each.shape for pair in shared for each in pair}) > 1:
        return None
    alike = np.ones(len(shared[0][0]), bool)
    for given, original in shared:
        same = (given == original) | ((given != given) & (original != original))  # NaN is an answer like any other
        alike &= same.reshape(len(same), -1).all(axis=1)
    return AnswerAgreement(len(alike), int(alike.sum()), len(shared))
