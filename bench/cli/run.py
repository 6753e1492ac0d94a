"""Train, compress, pack and compare all that a profile asks for; finished cells are kept."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from bench import cli, profile
from bench.cli import _options, _tensorboard, _work
from bench.data import fingerprint, load
from bench.runner import plan, plan_file, quiet, shell, terms
from bench.runner.cell import Cell
from bench.runner.drive import RETRIES, UNDONE, Driver, Status, Work, inspect
from bench.runner.executor import at_work
from bench.runner.store import Store

HELP = "run a profile's benchmark, or resume it"
EXAMPLE = "python -m bench run --profile digits --jobs 2"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    _options.add_profile(parser)
    _work.add_workers(parser)
    parser.add_argument("--only", metavar="GLOB", help="only cells whose name matches, with what they need")
    parser.add_argument("--shard", type=_options.part_of, metavar="K/N", help="only the K-th of N parts")
    parser.add_argument("--retry-failed", action="store_true", help="work failed cells again")
    parser.add_argument(
        "--retries",
        type=_options.not_negative,
        default=RETRIES,
        metavar="N",
        help=f"how often to try a cell again whose worker died (default: {RETRIES})",
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="name the cells, forecast hours and disk from a few steps, and do nothing",
    )
    parser.add_argument(
        "--tensorboard",
        nargs="?",
        type=Path,
        const=Path(),
        metavar="DIR",
        help="also write learning curves, speed and first filters as event files (default: runs/PROFILE/tensorboard)",
    )


def execute(options: argparse.Namespace) -> int:
    """Run the command."""
    experiment = profile.load(options.profile)
    _work.check_workers(options)
    data = dict(experiment.file.data.model_dump())
    cache = options.runs / ".data"
    planned = plan.make(experiment, fingerprint(**data, cache=cache))
    cells = _chosen(planned, options)
    store = Store(options.runs / experiment.name)
    images = _work.describe(experiment, cache)  # refuses images that no network could see, on a dry run too
    if options.dry_run:
        return _say_what_would_be_done(experiment, cells, store, options)
    # The plan is written before the first cell, so that `status` and `report` can follow a run that is still going on
    # or was interrupted. It is that of the whole profile, even if only a part is worked now.
    store.sweep()
    reporter = _work.reporter()
    settled = terms.of(experiment)
    for sentence in terms.keep(store, settled, len(planned.cells)).sentences():
        reporter.note(sentence)
    command = shell.command("bench", options.profile)
    plan_file.write(store, plan_file.describe(experiment, planned.cells, images, command=command))
    first = partial(terms.keep, store, settled, len(planned.cells), first=True)
    events = _events(options.tensorboard, store)
    driver = Driver(store, Work(data, cache, events), reporter, first, options.retries)
    crew = partial(_work.crew, options, experiment.file.threads, reporter.epoch)
    with at_work(crew, quiet.working(options.runs)) as hire:
        states = driver.run(cells, hire, retry_failed=options.retry_failed)
    if events:
        _write_event_files(cells, states, store, events)
    return _work.summarise(states, store)


def _chosen(planned: plan.Plan, options: argparse.Namespace) -> Sequence[Cell]:
    cells = plan.only(planned, options.only) if options.only else list(planned.cells)
    return plan.shard(cells, *options.shard) if options.shard else cells


def _say_what_would_be_done(
    experiment: profile.Profile, cells: Sequence[Cell], store: Store, options: argparse.Namespace
) -> int:
    from bench.runner import forecast  # torch takes seconds to import

    states = inspect(cells, store)
    missing = [cell for cell in cells if states[cell.key].state in UNDONE]
    for cell in missing:
        print(cell.name)
    if missing:
        images = load(**experiment.file.data.model_dump(), cache=options.runs / ".data")
        for sentence in forecast.sentences(experiment, missing, images, _work.devices(options.device)[0]):
            print(sentence, flush=True)
    print(f"{_work.count(states.values())}; nothing was done")
    return cli.OK


def _events(asked: Path | None, store: Store) -> Path | None:
    """The folder of event files; None if none are wanted."""
    if asked is None:
        return None
    folder = store.folder / "tensorboard" if asked == Path() else asked
    _tensorboard.check(folder)
    return folder


def _write_event_files(cells: Sequence[Cell], states: Mapping[str, Status], store: Store, events: Path) -> None:
    # Of cells that an earlier run trained; comparisons and diagnoses train nothing.
    for cell in cells:
        if states[cell.key].state == "done" and cell.kind in ("train", "compress"):
            _tensorboard.write_json(store.path(cell.key) / "history.json", events / cell.name)
