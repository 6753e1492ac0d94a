"""What of a study can be published: the seeds that are whole, and what twice the epochs reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench.analysis.networks import title_of
from bench.analysis.results import Results, load
from bench.analysis.study import Study
from bench.errors import InputError
from bench.render.kit.prose import counted, listed
from bench.roles import ORIGINAL
from bench.runner.plan_file import PlannedCell
from bench.runner.shell import command

FEWEST = 3  # seeds that are worth publishing
HOUR = 3600.0  # seconds


def published(folder: Path, twice: Path) -> Study:
    """The study of a profile's runs, of its whole seeds alone, with what its readers must know as its abstract.

    Args:
        twice: the runs of the same originals at twice the epochs; what they reach is said if they are there.

    Raises:
        InputError: there is no such study, or fewer than `FEWEST` of its seeds are whole.
    """
    results = load(folder)
    planned, whole = results.plan.seeds, whole_seeds(results)
    if len(whole) < FEWEST:
        raise InputError(
            f"{folder} has {len(whole)} of {counted(len(planned), 'seed')} without a missing cell, an example needs "
            f"{FEWEST}: go on with `{command('bench', results.plan.name)}`"
        )
    study = Study(of_seeds(results, whole))
    left = [seed for seed in planned if seed not in whole]
    sentences = [
        *([_left_out(left, whole)] if left else []),
        f"All cells took {hours(study):.1f} hours of processor time.",
        *(_compared(study, Study(load(twice))) if (twice / "plan.json").is_file() else []),
    ]
    plan = study.plan
    abstract = " ".join(filter(None, (plan.report.abstract, *sentences)))
    theme = plan.report.model_copy(update={"abstract": abstract})
    return Study(replace(study.results, plan=plan.model_copy(update={"report": theme})))


def whole_seeds(results: Results) -> list[int]:
    """The seeds of which every cell ran, whatever came of it: what failed or was refused is a result to show."""
    gone = {cell["seed"] for cell in results.cells.to_dict("records") if cell["state"] in ("missing", "damaged")}
    return [seed for seed in results.plan.seeds if seed not in gone]


FRAMES = (
    "cells", "trained", "compressed", "compared", "diagnosed", "history", "layers", "sensed", "singles", "joints",
)  # fmt: skip


def of_seeds(results: Results, seeds: Sequence[int]) -> Results:
    """Results of some seeds, as if no other had been planned."""
    # Another seed's training is the landmark of each seed, and stays although its own seed may go.
    by_key = {cell.key: cell for cell in results.plan.cells}
    kept = {cell.key for cell in results.plan.cells if cell.seed in seeds}
    for key in list(kept):
        kept |= _ancestors(by_key[key], by_key)
    cells = [cell for cell in results.plan.cells if cell.key in kept]
    plan = results.plan.model_copy(update={"seeds": list(seeds), "cells": cells})
    names = {cell.name for cell in cells}
    frames = {name: frame[frame["key"].isin(kept)] for name in FRAMES if not (frame := getattr(results, name)).empty}
    provenance = results.provenance[results.provenance["name"].isin(names)]
    return replace(results, plan=plan, provenance=provenance, _arrays={}, **frames)


def _ancestors(cell: PlannedCell, by_key: dict[str, PlannedCell]) -> set[str]:
    parents = {key for key in cell.parents.values() if key in by_key}
    return parents.union(*(_ancestors(by_key[key], by_key) for key in parents))


def hours(study: Study) -> float:
    """Processor time of all cells."""
    provenance = study.results.provenance
    return float(provenance["cpu_seconds"].sum()) / HOUR if "cpu_seconds" in provenance else 0.0


def _left_out(left: Sequence[int], whole: Sequence[int]) -> str:
    were = "was" if len(left) == 1 else "were"
    return (
        f"{counted(len(left) + len(whole), 'seed')} were planned; {listed(list(map(str, whole)))} are done. "
        f"{'Seed' if len(left) == 1 else 'Seeds'} {listed(list(map(str, left)))} {were} lost and left out."
    )


def _compared(study: Study, twice: Study) -> list[str]:
    """What the same originals reach at twice the epochs, seed by seed."""
    task, sentences = study.primary, []
    for model in study.models:
        for seed in twice.plan.seeds:
            once, longer = (_level(each, model, seed) for each in (study, twice))
            if once is not None and longer is not None:
                sentences.append(
                    f"Trained for twice the epochs, {title_of(study, model)} of seed {seed} has "
                    f"{longer:.{task.digits}f}{_unit(task.level_unit)} instead of "
                    f"{once:.{task.digits}f}{_unit(task.level_unit)}."
                )
    return sentences


def _level(study: Study, model: str, seed: int) -> float | None:
    if model not in study.models or seed not in study.plan.seeds:
        return None
    value = study.per_seed(study.primary.test, model, ORIGINAL)[study.plan.seeds.index(seed)]
    return None if value != value else study.primary.scale * float(value)


def _unit(unit: str) -> str:
    return unit if unit in ("", "%") else f" {unit}"
