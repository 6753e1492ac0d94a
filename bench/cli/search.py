"""Find, for each network of a profile, the chain of methods and ratios with the best accuracy in a number of bytes.

Chains are tried on the profile's first seed and chosen by its validation images alone. What is chosen is then confirmed
on all seeds and on the test images, beside a small dense network of the same size, in runs/PROFILE-search: render it
with `python -m bench report --profile PROFILE-search`. Networks and trials that are there already are not worked again.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Callable, Sequence
from functools import partial

from bench import cli
from bench import profile as profiles
from bench.cli import _options, _work
from bench.compress.variant import Stage, Variant
from bench.data import fingerprint
from bench.errors import InputError, did_you_mean
from bench.profile import Profile
from bench.roles import ORIGINAL
from bench.runner import plan, plan_file, quiet, terms
from bench.runner.cell import Cell
from bench.runner.drive import Driver, Reporter, Status, Work
from bench.runner.executor import Hire, at_work
from bench.runner.plan_file import Trial
from bench.runner.store import Store
from bench.search import confirm
from bench.search.goal import Goal, NetworkSearch, front
from bench.search.space import space
from bench.settings import size
from bench.task import Primary, task, with_unit

HELP = "find the best chain of methods for a number of bytes"
EXAMPLE = "python -m bench search --profile digits --model resnet8 --budget 10kB --trials 40"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    _options.add_profile(parser)
    parser.add_argument(
        "--model", action="append", metavar="NAME", help="of the profile; may be repeated (default: all)"
    )
    parser.add_argument("--budget", metavar="SIZE", help="most payload bytes, e.g. 10kB: find the most accurate")
    parser.add_argument("--floor", type=float, metavar="PERCENT", help="least validation accuracy: find the smallest")
    parser.add_argument(
        "--trials", type=_options.positive, default=40, metavar="N", help="chains per network (default: 40)"
    )
    parser.add_argument("--among", nargs="+", default=[], metavar="METHOD", help="only these methods (default: all)")
    parser.add_argument("--seed", type=int, default=0, help="of the order in which chains are tried (default: 0)")
    parser.add_argument("--no-confirm", action="store_true", help="stop when the chains are found")
    parser.add_argument("--json", action="store_true", help="print JSON")
    _work.add_workers(parser)


def execute(options: argparse.Namespace) -> int:
    """Run the command."""
    from bench.search.trials import try_chains  # it imports Optuna

    choices = space(options.among)
    experiment = profiles.load(options.profile)
    primary = task(experiment.file.task).primary
    goal = Goal(size(options.budget) if options.budget else None, options.floor, primary)
    models = _models(options.model, experiment)
    _work.check_workers(options)
    reporter = _work.reporter()
    crew = partial(_work.crew, options, experiment.file.threads, reporter.epoch)
    with at_work(crew, quiet.working(options.runs)) as hire:
        laboratory = _Laboratory(options, experiment, hire, reporter)
        searches = []
        for model in models:
            attempt = laboratory.attempt(model)
            # The uncompressed network is trial 0: the share of its bytes that a chain needs is measured against it.
            (original,) = attempt([Variant((Stage(ORIGINAL),))])
            if original.payload is None:
                raise InputError(f"{model} cannot be searched: {original.reason}")
            trials = try_chains(choices, goal, options.trials, options.seed, attempt)
            searches.append(NetworkSearch(model, goal, original, trials))
        _say(searches, options)
        if options.no_confirm or not any(search.chain for search in searches):
            return cli.OK if all(search.best for search in searches) else cli.SOME_FAILED
        return laboratory.confirm(searches)


def _models(chosen: Sequence[str] | None, experiment: Profile) -> list[str]:
    names = list(experiment.recipes)
    for name in chosen or ():
        if name not in names:
            raise InputError(f"profile {experiment.name!r} has no model {name!r}: {did_you_mean(name, names)}")
    return list(dict.fromkeys(chosen or names))


class _Laboratory:
    """Where trials are worked: one store, and the same workers throughout."""

    # A search is resumed without a file of its own. The sampler suggests the same chains for the same seed and
    # outcomes, and the cells of those that were tried are in the store, so a search that is started again races through
    # them. Cells that the profile's own run has made are borrowed: their keys are the same.

    def __init__(self, options: argparse.Namespace, experiment: Profile, hire: Hire, reporter: Reporter):
        self.options, self.experiment, self.hire, self.reporter = options, experiment, hire, reporter
        self.primary = task(experiment.file.task).primary
        self.data = dict(experiment.file.data.model_dump())
        self.cache = options.runs / ".data"
        self.base = Store(options.runs / experiment.name)
        self.store = Store(options.runs / f"{experiment.name}-search")
        self.store.sweep()
        self._keep_terms(planned=0)
        self.fingerprint = fingerprint(**self.data, cache=self.cache)

    def attempt(self, model: str) -> Callable[[Sequence[Variant]], list[Trial]]:
        """A function that works several chains at once on the profile's first seed."""
        tried = 0

        def work(chains: Sequence[Variant]) -> list[Trial]:
            nonlocal tried
            trials = self._work(model, chains)
            for trial in trials:
                outcome = f"{trial.payload:,} bytes, {_level(trial, self.primary)}" if trial.payload else trial.reason
                print(
                    f"{model}, trial {tried}/{self.options.trials}: {trial.label}: {outcome}",
                    file=sys.stderr,
                    flush=True,
                )
                tried += 1
            return trials

        return work

    def _work(self, model: str, chains: Sequence[Variant]) -> list[Trial]:
        seed = self.experiment.file.seeds[0]
        cells = [plan.compression(self.experiment, model, seed, chain, self.fingerprint) for chain in chains]
        needed = {step.key: step for cell in cells for step in (cell.parents["trained"], cell)}
        for key in needed:
            self.store.borrow(key, self.base)
        states = self._driver(Reporter()).run(list(needed.values()), self.hire, retry_failed=False)
        return [self._trial(cell, states[cell.key]) for cell in cells]

    def _trial(self, cell: Cell, status: Status) -> Trial:
        if status.state != "done":
            return Trial(cell.variant, reason=f"{status.state}: {status.reason}")
        # Validation images choose; those of the test stay unseen until the chosen chains are confirmed.
        metrics = json.loads(self.store.read(cell.key)["metrics.json"])
        return Trial(cell.variant, metrics["payload_bytes"], self.primary.scale * metrics[self.primary.validation])

    def confirm(self, searches: Sequence[NetworkSearch]) -> int:
        """Work the chosen chains on all seeds, and leave a plan that the report reads."""
        experiment = confirm.profile(self.experiment, searches)
        cells = plan.make(experiment, self.fingerprint).cells
        for cell in cells:
            self.store.borrow(cell.key, self.base)
        record = plan_file.Search(
            seed=self.experiment.file.seeds[0],
            trials=self.options.trials,
            networks=tuple(search.record for search in searches),
        )
        images = _work.describe(self.experiment, self.cache)
        command = _command(self.options)
        self._keep_terms(len(cells))
        plan_file.write(self.store, plan_file.describe(experiment, cells, images, command=command, search=record))
        states = self._driver(self.reporter).run(cells, self.hire, retry_failed=False)
        return _work.summarise(states, self.store)

    def _keep_terms(self, planned: int) -> None:
        kept = terms.keep(self.store, terms.of(self.experiment), planned, first=True)
        for sentence in kept.sentences():
            self.reporter.note(sentence)

    def _driver(self, reporter: Reporter) -> Driver:
        return Driver(self.store, Work(self.data, self.cache), reporter)


def _say(searches: Sequence[NetworkSearch], options: argparse.Namespace) -> None:
    if options.json:
        print(json.dumps([search.record.model_dump() for search in searches], indent=1))
        return
    for search in searches:
        primary = search.goal.primary
        print(f"{search.model}: {search.goal.text}; original: {_numbers(search.original, primary)}")
        for trial in front(search.trials):
            mark = "→" if trial.label == (search.best.label if search.best else "") else " "
            print(f"{mark} {_numbers(trial, primary)}  {trial.label}")
        if search.best is None:
            print(f"  no trial of {len(search.trials)} keeps to it: give a wider bound or more --trials")


def _numbers(trial: Trial, primary: Primary) -> str:
    return f"{trial.payload:>11,} bytes {_level(trial, primary, width=6)}"


def _level(trial: Trial, primary: Primary, width: int = 0) -> str:
    return with_unit(f"{trial.accuracy:{width}.{primary.digits}f}", primary.level_unit)


def _command(options: argparse.Namespace) -> str:
    """What to type in a shell for the same search."""
    words = ["python", "-m", "bench", "search", "--profile", options.profile]
    words += [word for name in options.model or () for word in ("--model", name)]
    words += ["--budget", options.budget] if options.budget else []
    words += ["--floor", f"{options.floor:g}"] if options.floor is not None else []
    words += ["--trials", str(options.trials), "--seed", str(options.seed)]
    words += ["--among", *options.among] if options.among else []
    return shlex.join(words)
