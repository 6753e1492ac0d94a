"""Every pair of a network's variants side by side: what one has more or less of than the other, without a word.

Numbers are those that the study would give of the pair: accuracy less accuracy is `Study.difference`, a distance less
another is as far as `distances` takes a reference off. A pair that anyone may pick is one of many, so that nothing is
tested and no word is said of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.analysis.class_scores import class_tables
from bench.analysis.distances import compared
from bench.analysis.inside import CROSS_PROBE, Inside, first_scaled, read, yardstick
from bench.analysis.study import Study, judgement
from bench.roles import ORIGINAL, OTHER_SEED
from bench.statistics.all_pairs import AllPairs, crossed_pairs
from bench.statistics.arrays import difference
from bench.statistics.scaled_pairs import scaled_pairs

# A page holds every pair. Of many pairs it holds fewer classes and blocks each, or it would be too large to open.
MOST_CLASSES = 20  # of a pair; of more, those that differ most between the variants
MOST_ROWS = 40_000  # classes, and blocks, of all pairs of a profile
FEWEST = 4


@dataclass(frozen=True)
class SideBySide:
    """All pairs A - B of one network, A before B: (0, 1), (0, 2), ..., (1, 2), ...

    Attributes:
        labels: of the variants with a result, in the order of the plan.
        difference: (P, 3) of the primary outcome in printed units, with its 95% interval; NaN if missing.
        seeds: (P, S) the same in each seed.
        blocks: names in order of depth; of many, some at equal steps, the first and the last among them.
        distances: (P, L, 3) by the first measure on a scale, in seed-equivalents, with 95% intervals.
        classes: numbers of the classes that are compared; `all_classes` is how many the test images have.
        recalls: (P, C, 3) differences in recall, or in what another task has of classes, in printed units, with 95%
            intervals.
        answers: (P, 3) test images, and on how many per training A is right and B wrong, and the reverse; None where
            an image is not answered rightly or wrongly.
    """

    labels: tuple[str, ...]
    difference: np.ndarray
    seeds: np.ndarray
    blocks: tuple[str, ...]
    distances: np.ndarray
    classes: tuple[int, ...]
    recalls: np.ndarray
    answers: np.ndarray | None
    all_classes: int = 0

    def place(self, a: str, b: str) -> int:
        """Where the pair of A and B is, A before B."""
        i, j, n = self.labels.index(a), self.labels.index(b), len(self.labels)
        return i * (2 * n - i - 1) // 2 + j - i - 1


@judgement
def pairs(study: Study) -> dict[str, SideBySide]:
    """By network."""
    return {model: _pairs(study, model) for model in study.models}


def _pairs(study: Study, model: str) -> SideBySide:
    labels = tuple(variant.label for variant in study.plan.variants if study.level(model, variant.label).n)
    scale, metric = study.primary.scale, study.primary.test
    first, second = np.triu_indices(len(labels), k=1)
    levels = np.array([study.per_seed(metric, model, label) for label in labels]).reshape(len(labels), study.seeds)
    tables = _tables(study, model, labels)
    blocks, distances = _blocks(study, model, labels)
    by_class = _by_class(study, model, labels, tables)
    classes, recalls = _recalls(by_class, min(MOST_CLASSES, _most_rows(study)), len(first))
    return SideBySide(
        labels=labels,
        difference=scale * _differences(study, model, labels, tables),
        seeds=scale * difference(levels[first], levels[second]),
        blocks=blocks,
        distances=distances,
        classes=classes,
        recalls=scale * recalls,
        answers=_answers(tables),
        all_classes=len(by_class),
    )


def _most_rows(study: Study) -> int:
    """How many classes, or blocks, there is room for in each pair."""
    variants = len(study.plan.variants)
    every = len(study.models) * variants * (variants - 1) // 2
    return max(MOST_ROWS // max(every, 1), FEWEST)


def _tables(study: Study, model: str, labels: tuple[str, ...]) -> np.ndarray | None:
    """(V, S, n) the primary outcome by variant, seed and image; None unless every variant has it."""
    found = [table for label in labels if (table := study.table(model, label)) is not None]
    complete = len(found) == len(labels) and len({table.shape for table in found}) == 1
    return np.stack(found) if complete else None


def _columns(found: AllPairs) -> np.ndarray:
    return np.stack([found.value, found.low, found.high], axis=1)


def _differences(study: Study, model: str, labels: tuple[str, ...], tables: np.ndarray | None) -> np.ndarray:
    """(P, 3) unscaled."""
    if tables is not None:
        return _columns(crossed_pairs(tables))
    metric = study.primary.test
    found = [study.difference(metric, model, a, b) for place, a in enumerate(labels) for b in labels[place + 1 :]]
    return np.array([(pair.value, pair.low, pair.high) for pair in found]).reshape(-1, 3)


def _answers(tables: np.ndarray | None) -> np.ndarray | None:
    if tables is None or not np.isin(tables[np.isfinite(tables)], (0.0, 1.0)).all():
        return None
    first, second = np.triu_indices(len(tables), k=1)
    present = np.isfinite(tables).all(axis=2)
    right = np.where(present[:, :, None], tables, 0.0)
    # Seeds that one of the two lacks count for neither.
    shared = present[first] & present[second]
    both = np.einsum("vsi,wsi->vws", right, right, optimize=True)[first, second]
    alone = np.stack([right.sum(axis=2)[first] - both, right.sum(axis=2)[second] - both], axis=2)
    with np.errstate(invalid="ignore"):
        per_training = (alone * shared[:, :, None]).sum(axis=1) / shared.sum(axis=1, keepdims=True)
    return np.column_stack([np.full(len(first), float(tables.shape[2])), per_training])


def _by_class(study: Study, model: str, labels: tuple[str, ...], tables: np.ndarray | None) -> dict[int, np.ndarray]:
    """(V, S, n) by class of the test images, in order: what it is compared by, per network, seed and image."""
    truth = _labels(study, model)
    if tables is not None and truth is not None and truth.shape == tables.shape[2:]:
        return {label: tables[:, :, truth == label] for label in np.unique(truth).tolist()}
    found = [table for label in labels if (table := class_tables(study).get((model, label))) is not None]
    if not found or len(found) < len(labels) or len({(one.classes, one.table.shape) for one in found}) > 1:
        return {}
    return dict(zip(found[0].classes, np.stack([one.table for one in found], axis=1), strict=True))


def _recalls(by_class: Mapping[int, np.ndarray], most: int, count: int) -> tuple[tuple[int, ...], np.ndarray]:
    """Classes, and (P, C, 3) differences of what they are compared by, unscaled."""
    classes = _chosen_classes(by_class, most)
    found = [_columns(crossed_pairs(np.asarray(by_class[label], np.float64))) for label in classes]
    return tuple(classes), np.stack(found, axis=1) if found else np.empty((count, 0, 3))


def _chosen_classes(by_class: Mapping[int, np.ndarray], most: int) -> list[int]:
    if len(by_class) <= most:
        return list(by_class)
    spread = {label: float(np.ptp(_means(tables))) for label, tables in by_class.items()}
    return sorted(sorted(by_class, key=lambda label: (-spread[label], label))[:most])


def _means(tables: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(tables), tables, 0.0).mean(axis=(1, 2))


def _labels(study: Study, model: str) -> np.ndarray | None:
    """(n,) the test images' classes, as the original's predictions keep them; None for another task."""
    if not study.plan.task.classifies:
        return None
    for seed in study.plan.seeds:
        found = study.results.predictions(model, ORIGINAL, seed)
        if found is not None and "labels" in found:
            return np.asarray(found["labels"])
    return None


def _blocks(study: Study, model: str, labels: tuple[str, ...]) -> tuple[tuple[str, ...], np.ndarray]:
    """Names, and (P, L, 3) differences of distances from the original in seed-equivalents."""
    count, key = len(labels) * (len(labels) - 1) // 2, (study.plan.features[0], first_scaled(study.plan))
    found = _insides(study, model, [label for label in labels if label != ORIGINAL], key)
    far = found.get(OTHER_SEED)
    if far is None or key[1] == CROSS_PROBE:
        return (), np.empty((count, 0, 3))
    alike = {label: one for label, one in found.items() if one.influence.shape == far.influence.shape}
    wanted = np.linspace(0, len(far.blocks) - 1, min(len(far.blocks), _most_rows(study))).round().astype(int).tolist()
    by_block = [_at_block(study, labels, alike, block) for block in wanted]
    return tuple(far.blocks[block] for block in wanted), np.stack(by_block, axis=1) if by_block else np.empty(
        (count, 0, 3)
    )


def _insides(study: Study, model: str, labels: Sequence[str], key: tuple[str, str]) -> dict[str, Inside]:
    """By label, of the variants that were compared, and of another seed."""
    known = {label: one.brief for label in labels if (one := compared(study).get((model, label)))}
    # Where a seed is missing, pairs have other seeds in common than either network has.
    whole = {label: one for label, one in known.items() if one is not None}
    wanted = [OTHER_SEED] if len(whole) == len(known) else list(dict.fromkeys((*known, OTHER_SEED)))
    cells = {label: read(study.results, model, label, key) for label in wanted}
    anew = {label: one.by[key] for label, one in cells.items() if one and key in one.by}
    return {**(whole if wanted == [OTHER_SEED] else {}), **anew}


def _at_block(study: Study, labels: tuple[str, ...], found: Mapping[str, Inside], block: int) -> np.ndarray:
    """(P, 3) at one block; NaN for networks without a value there in some seed that they have."""
    scale, far = yardstick(study.plan, first_scaled(study.plan)), found[OTHER_SEED]
    seeds, images = far.influence.shape[0], far.influence.shape[2]
    distances, influence = np.full((len(labels), seeds), np.nan), np.full((len(labels), seeds, images), np.nan)
    for place, label in enumerate(labels):
        one = found.get(label)
        if label == ORIGINAL:  # it is at no distance from itself
            distances[place], influence[place] = 0.0, 0.0
        elif one is not None and np.isfinite(one.values[one.measured, block]).all():
            distances[place] = scale.distance(one.values[:, block])
            influence[place] = scale.sign * one.influence[:, block]
    other = scale.distance(far.values[:, block])
    of_other = scale.sign * far.influence[:, block].astype(np.float64)
    # The df of an interval depends on which is taken off. The later of two, a method beside its reference, is what the
    # analysis takes the other off from.
    less = _columns(scaled_pairs(-distances, -influence, other, of_other, margin=study.plan.margins.inside))
    return -less[:, [0, 2, 1]]
