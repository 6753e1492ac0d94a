"""Packed files by the names of their cells."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from bench import footprint
from bench.data import kept_moments
from bench.deploy.preprocessing import Preprocessing
from bench.errors import InputError, did_you_mean
from bench.folders import Damaged
from bench.runner import plan_file
from bench.runner.plan_file import PlanFile, PlannedCell
from bench.runner.sound import folders_of
from bench.runner.store import Store

KIND = "compress"  # the cells that hold packed files
PACKED = "network.innards"
SPEC = "spec.json"
SHOWN = 3  # names of cells that a sentence lists


@dataclass(frozen=True)
class PackedCell:
    """A finished cell's packed file, and what its images need."""

    cell: PlannedCell
    packed: bytes
    preprocessing: Preprocessing


def cell_named(text: str, plan: PlanFile) -> PlannedCell:
    """The cell of a plan that a text names: by its name, with or without its kind, by a glob, or by its key.

    Raises:
        InputError: no cell holds a packed file by that name, or several do.
    """
    cells = [cell for cell in plan.cells if cell.kind == KIND]
    exact = [cell for cell in plan.cells if text in (cell.name, cell.key)]
    if exact and exact[0].kind != KIND:
        raise InputError(f"{text} holds no packed file, as only cells named {KIND}/... do")
    names = exact or [cell for cell in cells if cell.name == f"{KIND}/{text}"]
    matching = names or [cell for cell in cells if _matches(text, cell)]
    if not matching:
        shown = sorted({cell.name for cell in cells})
        raise InputError(f"profile {plan.name!r} has no cell {text!r}: {_hint(text, shown)}")
    if len(matching) > 1:
        listed = ", ".join(cell.name for cell in matching[:SHOWN])
        more = f" and {len(matching) - SHOWN} more" if len(matching) > SHOWN else ""
        raise InputError(f"{text!r} names {len(matching)} cells: {listed}{more}; name one")
    return matching[0]


def packed_cell(cell: PlannedCell, plan: PlanFile, store: Store) -> PackedCell:
    """What a finished cell holds, checked.

    Raises:
        InputError: the cell has not been run, failed, was refused or is damaged.
    """
    if not store.has(cell.key):
        raise InputError(f"{cell.name} has not been run")
    try:
        error = store.error(cell.key)
        if error:
            verb = "was refused" if error["kind"] == "refused" else "failed"
            raise InputError(f"{cell.name} {verb}: {error['reason']}")
        store.examine(cell, folders_of(plan.cells))
        files = store.read(cell.key, [PACKED, SPEC])
    except Damaged as damage:
        raise InputError(f"{cell.name} is damaged: {damage}; `python -m bench run` works it again") from damage
    return PackedCell(cell, files[PACKED], _preprocessing(files, plan, store))


def _preprocessing(files: Mapping[str, bytes], plan: PlanFile, store: Store) -> Preprocessing:
    """What a network was trained with; without a normalisation if it is the images' own and their cache is gone."""
    # Networks of one profile may see images of different sizes, and by different normalisations.
    about = footprint.packed.header_of(files[PACKED]).model
    spec = json.loads(files[SPEC])["spec"]
    size, channels = about.get("size", plan.data.size), about.get("channels", plan.data.channels)
    made = Preprocessing(size, channels, **spec.get("transform", {}))
    if normalisation := spec.get("normalisation"):
        return made.normalising_by(*normalisation)
    moments = kept_moments(plan.data.fingerprint, store.folder.parent / ".data")
    return made.normalising_by(*moments) if moments else made


def cell_of(file: Path) -> tuple[PlanFile, Store, PlannedCell] | None:
    """The cell whose packed file a path is; None if it is not in a folder of runs."""
    folder = file.resolve().parent
    if file.name != PACKED or not (folder.parent / plan_file.NAME).is_file():
        return None
    plan, store = plan_file.read(folder.parent), Store(folder.parent)
    cell = next((cell for cell in plan.cells if cell.key == folder.name), None)
    return (plan, store, cell) if cell else None


def _matches(text: str, cell: PlannedCell) -> bool:
    return fnmatchcase(cell.name, text) or fnmatchcase(cell.name, f"{KIND}/{text}") or cell.variant == text


def _hint(text: str, names: Sequence[str]) -> str:
    if not names:
        return "it compresses nothing"
    hint, _, listed = did_you_mean(text, names).rpartition("Allowed: ")
    return f"{hint}see `python -m bench status --json`" if len(names) > SHOWN else f"{hint}Allowed: {listed}"
