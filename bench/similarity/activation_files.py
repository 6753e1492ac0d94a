"""Every measure applied to two files of activations."""

from __future__ import annotations

import contextlib
import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from bench import guests, registry
from bench.errors import InputError
from bench.folders import is_file, is_there
from bench.similarity import inputs
from bench.similarity.activations import Activations
from bench.similarity.catalog import AnyMeasure, measure, measures
from bench.similarity.families.canonical import CENTRED
from bench.similarity.labelled_measure import LabelledMeasure
from bench.similarity.measure import Measure
from bench.similarity.probe import ProbeMeasure
from bench.statistics.estimate import Estimate

ARRAY, LABELS, LOGITS = "activations", "labels", "logits"
Row = dict[str, Any]


@dataclass(frozen=True)
class ActivationFile:
    """The arrays of an NPZ file: activations (n, d), labels (n,) and logits (n, classes); the last two may be None."""

    path: Path
    activations: np.ndarray
    labels: np.ndarray | None
    logits: np.ndarray | None


def compare_files(
    first: Path, second: Path, *, names: Sequence[str] = (), confidence: float = 0.95, seed: int = 0
) -> list[Row]:
    """Every measure between two NPZ files of activations of the same images.

    Each file holds an array `activations` (n, d). Measures that need classes are computed if one file holds `labels`
    (n,), or both hold the same; measures of outputs if both hold `logits` (n, classes).

    Args:
        names: of measures, those of the user's own too; all built-in ones if empty.

    Returns:
        One row per measure, sorted by name: `measure`, `title`, `larger_is_similar`, `symmetric`, `range`, all fields
        of its `Estimate` (None if the number is not finite or the measure refused the data) and `refused`, the reason
        or an empty string.

    Raises:
        InputError: no such measure; a file or array is missing or unusable, or the files differ in n.
    """
    chosen = {name: measure(name) for name in names} or measures()
    x, y = read(first), read(second)
    inputs.same_images([x.activations, y.activations], (str(first), str(second)))
    # Decompositions take most of the time where units are many, and the measures of spaces share one per side.
    sides = tuple(Activations(side.activations, always=[CENTRED]) for side in (x, y))
    return [
        _row(name, kind, x, y, sides, confidence, seed)
        for name, kind in chosen.items()
        if names or not _missing(kind, x, y)
    ]


def read(path: Path) -> ActivationFile:
    """Load a file of activations, without pickles.

    Raises:
        InputError: the file does not exist, is no NPZ file, or has no usable array `activations`.
    """
    arrays = _load(path)
    activations = inputs.activations(arrays[ARRAY], f"{path}, {ARRAY}")
    n = len(activations)
    labels = inputs.labels(arrays[LABELS], n, f"{path}, {LABELS}") if LABELS in arrays else None
    logits = inputs.activations(arrays[LOGITS], f"{path}, {LOGITS}") if LOGITS in arrays else None
    if logits is not None:
        inputs.same_images([activations, logits], (f"{path}, {ARRAY}", f"{path}, {LOGITS}"))
    return ActivationFile(path, activations, labels, logits)


def _load(path: Path) -> Mapping[str, np.ndarray]:
    expected = f"an NPZ file with an array {ARRAY!r} of shape (n, d) is needed"
    if not is_file(path):
        there = is_there(path)
        what = "a folder" if there and path.is_dir() else "a pipe, socket or device" if there else "no such file"
        raise InputError(f"{path}: {what}; {expected}.")
    if path.suffix == ".npy":
        raise InputError(f"{path}: a single array; save it by name, np.savez(path, {ARRAY}=array).")
    try:
        with path.open("rb") as file:
            archive = zipfile.is_zipfile(file)
    except OSError as error:
        raise InputError(f"{path}: it cannot be read ({error.strerror}).") from error
    if not archive:
        raise InputError(f"{path}: no NPZ file, or one that was cut off; {expected}, as np.savez writes it.")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            if ARRAY not in arrays.files:
                names = ", ".join(sorted(arrays.files)) or "nothing"
                raise InputError(f"{path}: no array {ARRAY!r} of shape (n, d); the file holds {names}.")
            return {name: arrays[name] for name in (ARRAY, LABELS, LOGITS) if name in arrays.files}
    # A damaged archive can fail anywhere in zipfile, zlib or NumPy, with a dozen kinds of exception. Each becomes one
    # sentence. A header may also promise more than there is memory for, which NumPy tries to allocate first.
    except InputError:
        raise
    except MemoryError as error:
        raise InputError(f"{path}: it describes arrays that do not fit into memory.") from error
    except Exception as error:
        message = error.args[0] if error.args and isinstance(error.args[0], str) else str(error)
        reason = message.partition(". ")[0].rstrip(".")  # what follows is advice for programmers
        raise InputError(f"{path}: not a readable NPZ file of plain arrays ({reason}).") from error


def _missing(measure: AnyMeasure, x: ActivationFile, y: ActivationFile) -> str:
    """What the files lack for a measure, as a sentence; empty if nothing."""
    if isinstance(measure, ProbeMeasure):
        return f"{measure.title} learns on training images, which no file of activations holds: name it in a profile."
    if measure.compares == "outputs" and (x.logits is None or y.logits is None):
        return f"{measure.title} needs an array {LOGITS!r} of shape (n, classes) in both files."
    if isinstance(measure, LabelledMeasure) and x.labels is None and y.labels is None:
        return f"{measure.title} needs an array {LABELS!r} of shape (n,) in one of the files."
    return ""


def _row(
    name: str,
    measure: AnyMeasure,
    x: ActivationFile,
    y: ActivationFile,
    sides: tuple[Activations, ...],
    confidence: float,
    seed: int,
) -> Row:
    refused = _missing(measure, x, y)
    numbers: Row = dict.fromkeys(Estimate.__dataclass_fields__)
    try:
        if not refused:
            with contextlib.redirect_stdout(sys.stderr):  # what a measure prints is no part of the answer
                numbers |= _estimate(measure, x, y, sides, confidence, seed).as_dict()
    except InputError as error:
        refused = str(error)
    except MemoryError:  # of n × n matrices, as a rule; measures that need none are still to come
        refused = f"{measure.title} needs more memory for {len(x.activations)} images than there is."
    except BaseException as error:
        if registry.is_built_in(type(measure)) or isinstance(error, KeyboardInterrupt):
            raise
        refused = guests.sentence(error, type(measure))
    return {
        "measure": name,
        "title": measure.title,
        "larger_is_similar": measure.larger_is_similar,
        "symmetric": measure.symmetric,
        "range": [_finite(end) for end in measure.range],
        **{key: _finite(value) for key, value in numbers.items()},
        "refused": refused,
    }


def _estimate(
    measure: AnyMeasure,
    x: ActivationFile,
    y: ActivationFile,
    sides: tuple[Activations, ...],
    confidence: float,
    seed: int,
) -> Estimate:
    assert not isinstance(measure, ProbeMeasure)  # or it was refused
    first, second = (getattr(side, "logits" if measure.compares == "outputs" else ARRAY) for side in (x, y))
    if isinstance(measure, LabelledMeasure):
        return measure.estimate(first, second, _common_labels(x, y), confidence=confidence)
    # A guest may have an interval of its own, as a function of arrays.
    if measure.compares == "activations" and type(measure).estimate is Measure.estimate:
        return measure.estimate_of_sides(sides[0], sides[1], confidence=confidence, seed=seed)
    return measure.estimate(first, second, confidence=confidence, seed=seed)


def _common_labels(x: ActivationFile, y: ActivationFile) -> np.ndarray:
    labels = [side.labels for side in (x, y) if side.labels is not None]
    if not all(np.array_equal(labels[0], other) for other in labels):
        raise InputError(f"{x.path} and {y.path} hold different {LABELS}: the same images, in order, are needed.")
    return labels[0]


def _finite(value: Any) -> Any:
    """None for NaN and infinity, which JSON lacks."""
    return None if isinstance(value, float) and not isfinite(value) else value
