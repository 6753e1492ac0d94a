"""Latency and peak memory of packed networks, each timed in a process of its own while no cell is at work.

One image at a time, after a warm-up: the median pass with its quartiles, in PyTorch and, where installed, ONNX Runtime
and OpenVINO. One seed of each network and method is measured unless --every-seed is given: another seed's network does
the same sums. What is measured already is kept; a command that was stopped goes on where it was. The report's table
"Cost" shows the figures. They stand beside each cell's provenance and change no result.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from bench import cli, registry
from bench.cli import _options
from bench.deploy import engine, find
from bench.errors import InputError
from bench.folders import Damaged
from bench.runner import plan_file, quiet
from bench.runner.drive import standing
from bench.runner.plan_file import PlanFile, PlannedCell
from bench.runner.store import Store

HELP = "time packed networks, and measure the memory that they take to run"
EXAMPLE = "python -m bench measure --profile digits --threads 1"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    _options.add_profile(parser)
    names = ", ".join(registry.names(engine.PACKAGE))
    parser.add_argument("--only", metavar="GLOB", help="only cells whose name matches, e.g. 'compress/resnet8/*'")
    parser.add_argument("--engines", nargs="+", metavar="NAME", help=f"{names} (default: those that are installed)")
    parser.add_argument("--threads", type=_options.positive, metavar="N", help="of the engine (default: the profile's)")
    parser.add_argument(
        "--warm-up", type=_options.positive, default=10, metavar="N", help="passes before (default: 10)"
    )
    parser.add_argument("--passes", type=_options.positive, default=100, metavar="N", help="timed (default: 100)")
    parser.add_argument(
        "--seconds", type=_options.positive, default=10, metavar="N", help="begin no pass after (default: 10)"
    )
    parser.add_argument("--every-seed", action="store_true", help="measure all seeds, not the first that is done")
    parser.add_argument("--again", action="store_true", help="measure what is measured already")


def execute(options: argparse.Namespace) -> int:
    """Run the command."""
    store = Store(_options.results(options.runs, options.profile))
    plan = plan_file.read(store.folder)
    engines, missing = _engines(options.engines)
    for sentence in missing:
        print(f"not measured: {sentence}", file=sys.stderr)
    cells = _cells(plan, store, options)
    settings = engine.Timing(options.threads or plan.threads, options.warm_up, options.passes, float(options.seconds))
    counts = {"measured": 0, "kept": 0, "failed": 0}
    with quiet.alone(options.runs):
        for cell in cells:
            _measure(cell, plan, store, engines, settings, counts, again=options.again)
    print(", ".join(f"{count} {state}" for state, count in counts.items()))
    return cli.SOME_FAILED if counts["failed"] else cli.OK


def _engines(names: Sequence[str] | None) -> tuple[dict[str, engine.Engine], tuple[str, ...]]:
    if names:
        return {name: engine.find(name) for name in names}, ()
    return engine.installed()


def _cells(plan: PlanFile, store: Store, options: argparse.Namespace) -> list[PlannedCell]:
    """The cells to measure: finished, and of each network and method the first seed unless all are asked for."""
    packed = [cell for cell in plan.cells if cell.kind == find.KIND]
    if options.only:
        packed = [cell for cell in packed if fnmatchcase(cell.name, options.only)]
        if not packed:
            raise InputError(f"--only {options.only!r} matches no cell that holds a packed file")
    states = standing(packed, store)
    done = [cell for cell in packed if states[cell.key].state == "done"]
    if not done:
        raise InputError(f"no packed network of profile {plan.name!r} is done: run `python -m bench run` first")
    if options.every_seed:
        return done
    first: dict[tuple[str, str], PlannedCell] = {}
    for cell in done:
        first.setdefault((cell.model, cell.variant), cell)
    return list(first.values())


def _measure(
    cell: PlannedCell,
    plan: PlanFile,
    store: Store,
    engines: Mapping[str, engine.Engine],
    settings: engine.Timing,
    counts: dict[str, int],
    *,
    again: bool,
) -> None:
    """Measure a cell in every engine, and keep each result at once."""
    from bench.deploy import measure, source

    try:
        kept = store.measurements(cell.key)
    except Damaged:
        kept = {}
    wanted = {name: chosen for name, chosen in engines.items() if again or not _is_kept(kept.get(name), settings)}
    counts["kept"] += len(engines) - len(wanted)
    if not wanted:
        return
    deployed = source.of_cell(find.packed_cell(cell, plan, store))
    for name, chosen in wanted.items():
        result = measure.measure(deployed, name, chosen, settings)
        kept = {**kept, name: result}
        store.write_measurements(cell.key, kept)
        counts["failed" if "reason" in result else "measured"] += 1
        print(f"{cell.name}, {chosen.title}: {_said(result)}", flush=True)


def _is_kept(result: Any, settings: engine.Timing) -> bool:
    return isinstance(result, dict) and result.get("threads") == settings.threads


def _said(result: Mapping[str, Any]) -> str:
    if "reason" in result:
        return str(result["reason"])
    quartiles = f"{result['lower_quartile_ms']:.3g} to {result['upper_quartile_ms']:.3g}"
    memory = f"{result['peak_memory_bytes'] / 1e6:,.0f} MB, of which {result['network_memory_bytes'] / 1e6:,.1f} MB"
    passes = f"{result['passes']} passes, {result['threads']} thread{'s' * (result['threads'] > 1)}"
    return f"{result['median_ms']:.3g} ms ({quartiles}; {passes}), at most {memory} came with the network"
