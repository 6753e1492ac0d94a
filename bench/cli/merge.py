"""Put the runs of a profile's shards, worked on machines that share no disk, into one folder.

Every byte of every cell is checked. A cell that is damaged, or differs from the one already there, is named and left
where it is. The folders that are merged are only read, and the same command finishes a merge that was interrupted.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from bench import cli
from bench.cli import _options, _work
from bench.errors import InputError
from bench.runner import merge as merging
from bench.runner import plan_file, terms
from bench.runner.drive import UNDONE, standing
from bench.runner.store import Store

HELP = "put the runs of a profile's shards into one folder"
EXAMPLE = "python -m bench merge shard-1/runs shard-2/runs --into runs"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("sources", nargs="+", type=Path, metavar="DIR", help="folders of runs, as --runs named them")
    parser.add_argument("--into", required=True, type=_options.folder, metavar="DIR", help="the folder of runs to fill")
    parser.add_argument("--link", action="store_true", help="make hard links in place of copies where the disk can")


def execute(options: argparse.Namespace) -> int:
    """Run the command."""
    shards: dict[str, list[Path]] = {}
    for runs in options.sources:
        if runs.resolve() == options.into.resolve():
            raise InputError(f"{runs} cannot be merged into itself")
        for folder in merging.profiles(runs):
            shards.setdefault(folder.name, []).append(folder)
    # All are compared before anything is written.
    for name, folders in shards.items():
        target = options.into / name
        first, *others = [target, *folders] if (target / plan_file.NAME).is_file() else folders
        for folder in others:
            merging.check_same(folder, first)
    complete = [_merged(folders, options.into / name, link=options.link) for name, folders in shards.items()]
    return cli.OK if all(complete) else cli.SOME_FAILED


def _merged(shards: list[Path], target: Path, *, link: bool) -> bool:
    """Merge the shards of one profile; whether nothing was left out."""
    target_store = Store(target)
    target_store.sweep()
    counts: Counter[str] = Counter()
    damaged: set[str] = set()
    complete = True
    for shard in sorted(shards, key=_begun):
        outcome = merging.merge(shard, target, link=link)
        counts += outcome.counts
        damaged |= outcome.damaged
        complete &= len(outcome.problems) == len(outcome.damaged)
        for problem in outcome.problems:
            print(problem, file=sys.stderr)
    cells = plan_file.read(target).cells
    states = standing(cells, target_store)
    taken = ", ".join(f"{count} {what}" for what, count in sorted(counts.items())) or "no cells"
    print(f"{_work.count(states.values())} in {target}; of {len(shards)} folders {taken}")
    return complete and not any(states[key].state in UNDONE for key in damaged)


def _begun(folder: Path) -> tuple[bool, str]:
    """Shards in the order in which their margins were first kept; those that kept none come last."""
    first = terms.read(folder).first
    return first is None, first.date.isoformat() if first else ""
