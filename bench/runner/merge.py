"""Shards of one profile, worked on machines that share nothing, as one folder of runs."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import folders
from bench.errors import InputError
from bench.folders import Damaged
from bench.runner import plan_file, terms
from bench.runner.plan_file import PlanFile, PlannedCell
from bench.runner.sound import ERROR, Identity, folders_of
from bench.runner.store import BESIDE, Store

# What plans of the same profile may differ in, since it says nothing of any measurement or judgement: who wrote them,
# how, and the look of the report. Where images lie differs by machine; their fingerprint may not.
FREE: Any = {"version": True, "command": True, "profile_text": True, "report": True, "title": True, "data": {"source"}}
PLACED, THERE, LEFT = "new", "there already", "left out"


@dataclass
class Merged:
    """What became of the cells.

    Attributes:
        counts: how many are new, were there already, or were left out.
        damaged: keys of those that were left out as damaged; another shard may have them.
        problems: what is wrong, one sentence each.
    """

    counts: Counter[str] = field(default_factory=Counter)
    damaged: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)


def profiles(runs: Path) -> list[Path]:
    """The folders of profiles in a folder of runs.

    Raises:
        InputError: it holds none, or is one itself.
    """
    if folders.is_file(runs / plan_file.NAME):
        raise InputError(f"{runs} is the folder of one profile: give the folder of runs that it lies in")
    if not runs.is_dir():
        raise InputError(f"there is no folder {runs}")
    planned = [path for path in sorted(runs.iterdir()) if folders.is_file(path / plan_file.NAME)]
    if not planned:
        raise InputError(f"{runs} is no folder of runs: nothing in it holds a {plan_file.NAME}")
    return planned


def check_same(source: Path, other: Path) -> None:
    """Refuse folders whose plans ask for other cells, or judge them otherwise.

    Raises:
        InputError: see above; or one of them holds no plan.
    """
    plan, before = (plan_file.read(folder) for folder in (source, other))
    if plan.cells != before.cells:
        keys = [{(cell.name, cell.key) for cell in each.cells} for each in (plan, before)]
        names = sorted({name for name, _ in keys[0] ^ keys[1]}) or ["their order"]
        raise InputError(
            f"{source} and {other} are of two plans, which differ in {names[0]}"
            f"{f' and {len(names) - 1} cells more' if names[1:] else ''}: run the same profile in both"
        )
    plans = [(folder, plan.model_dump(exclude=FREE)) for folder, plan in ((source, plan), (other, before))]
    for name in PlanFile.model_fields:
        if plans[0][1].get(name) != plans[1][1].get(name):
            raise InputError(f"{source} and {other} differ in {name!r} of their plans: run the same profile in both")


def merge(source: Path, target: Path, *, link: bool = False) -> Merged:
    """Add a shard's sound cells, its plan and its margins to a folder of the same profile; the shard is only read.

    Args:
        source, target: folders of one profile, `runs/<profile>`; the target need not be there.
        link: make hard links in place of copies where the disk can.

    Raises:
        InputError: see `check_same`; or the target cannot be written.
    """
    # Every cell is put in its place whole, and what is there stays, so that the same command finishes a merge that was
    # interrupted.
    plan, shard, merged = plan_file.read(source), Store(source), Store(target)
    if folders.is_file(target / plan_file.NAME):
        check_same(source, target)
    else:
        with folders.writable(str(target)):
            folders.write_file(target / plan_file.NAME, (source / plan_file.NAME).read_bytes())
    outcome = Merged(problems=[f"{source}: {problem}" for problem in _merge_terms(source, merged)])
    planned, present, there = folders_of(plan.cells), shard.present(), merged.present()
    for cell in plan.cells:
        if cell.key in present:
            _merge_cell(cell, shard, merged, planned, outcome, is_there=cell.key in there, link=link)
    return outcome


def _merge_terms(source: Path, merged: Store) -> tuple[str, ...]:
    """Keep the terms that a shard was judged by; returns what is wrong with its records."""
    # The first shard's records are taken as they are, with their dates. What others have otherwise is a change, and is
    # recorded as one.
    history, kept = terms.read(source), terms.read(merged.folder)
    if not kept.last and not history.problems:
        for number in range(1, history.last + 1):
            name = terms.name_of(number)
            with folders.writable(str(merged.folder)):
                folders.write_once(merged.folder / name, (source / name).read_bytes())
        return ()
    later = iter(record.terms for record in kept.records)
    if not all(record.terms in later for record in history.records):  # else it has their order too
        for record in history.records:
            terms.keep(merged, record.terms, record.planned, first=True)
    return history.problems


def _merge_cell(
    cell: PlannedCell,
    shard: Store,
    merged: Store,
    planned: Mapping[Identity, str],
    outcome: Merged,
    *,
    is_there: bool,
    link: bool,
) -> None:
    try:
        offered = shard.examine(cell, planned)
    except Damaged as damage:
        outcome.counts[LEFT] += 1
        outcome.damaged.add(cell.key)
        outcome.problems.append(f"{cell.name} is left out, since it is damaged: {damage}")
        return
    if is_there:
        try:
            kept = merged.examine(cell, planned)
            if shard.checksums(cell.key) == merged.checksums(cell.key) or _failed(offered):
                outcome.counts[THERE] += 1
                return
            if not _failed(kept):
                outcome.counts[LEFT] += 1
                places = f"{merged.path(cell.key)} and {shard.path(cell.key)}"
                outcome.problems.append(f"{cell.name} is left out, since {places} hold other results")
                return
        except Damaged:
            pass  # a run would work it again
        merged.discard(cell.key)  # it is damaged, or failed where the shard's did not
    _place(cell.key, shard, merged, link)
    outcome.counts[PLACED] += 1


def _place(key: str, shard: Store, merged: Store, link: bool) -> None:
    folder = shard.path(key)
    checked = shard.read(key)  # once more, as it is read: what is written is what was measured
    names = [*checked, *(name for name in BESIDE if folders.is_file(folder / name))]
    with folders.writable(str(merged.folder)), folders.writing(merged.path(key)) as temporary:
        for name in names:
            if link:
                with suppress(OSError):  # another disk, or one without links
                    os.link(folder / name, temporary / name)
                    continue
            content = checked[name] if name in checked else (folder / name).read_bytes()
            (temporary / name).write_bytes(content)


def _failed(files: Mapping[str, Any]) -> bool:
    return ERROR in files and files[ERROR]["kind"] == "failed"
