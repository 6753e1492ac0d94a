"""The driver: how long a plan of many cells takes to start, and what a cell costs that computes nothing."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.speed._empty_cells import TOLD, Empty

CELLS = 100_000
WORKED = 2_000  # of them, from which the time per cell is taken
SEEDS, MODELS = 20, ("resnet8", "resnet20", "wrn16-4", "mobilenet-small")


def profile(cells: int) -> str:
    """A profile of about so many cells: a training, compressions and comparisons for each network and seed."""
    values = max(1, round(cells / (2 * SEEDS * len(MODELS) * 3)))
    sweep = [round(0.1 + 0.89 * value / values, 6) for value in range(values)]
    methods = [{"name": name, "sparsity": sweep} for name in ("magnitude", "magnitude-finetune", "gradual-magnitude")]
    lines = [f"seeds = {list(range(SEEDS))}", "[data]", 'source = "digits"']
    for model in MODELS:
        lines += ["[[models]]", f'name = "{model}"']
    for method in methods:
        lines += ["[[methods]]", *(f"{key} = {json.dumps(value)}" for key, value in method.items())]
    return "\n".join(lines) + "\n"


def measured(cells: int, worked: int) -> dict[str, float]:
    """What a plan of about so many cells costs; of them so many are worked, by doing nothing.

    Returns:
        `cells`: how many there are; `start`: seconds from the command to its first cell, and `start_cpu` of them at
        work; `cell` and `cell_cpu`: seconds per cell from there on; `memory`: most resident bytes of the driver;
        `status` and `status_cpu`: seconds that `python -m bench status` takes then.
    """
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "many.toml").write_text(profile(cells), encoding="utf-8")
        facts = home / "facts.json"
        path = os.pathsep.join(filter(None, (str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH"))))
        told = json.dumps([str(facts), worked, time.monotonic()])
        environment = {**os.environ, "PYTHONPATH": path, TOLD: told}
        call = [sys.executable, "-m", "bench"]
        chosen = ["--profile", "many.toml", "--device", "cpu", "--executor", f"{Empty.__module__}:{Empty.__name__}"]
        ran = subprocess.run([*call, "run", *chosen], cwd=home, env=environment, capture_output=True, text=True)
        if not facts.exists():
            raise RuntimeError(ran.stderr)
        begun, before = time.monotonic(), children_seconds()
        standing = subprocess.run(
            [*call, "status", "--profile", "many.toml", "--json"], cwd=home, env=environment, capture_output=True
        )
        status = {"status": time.monotonic() - begun, "status_cpu": children_seconds() - before}
        return {"cells": standing.stdout.count(b"\n"), **json.loads(facts.read_text()), **status}


def children_seconds() -> float:
    """Seconds that the processors worked for this process's children so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Print what a plan of many cells costs."""
    costs = measured(CELLS, WORKED)
    print(f"the driver, with a plan of {costs['cells']:,.0f} cells that compute nothing")
    print(f"  until the first cell  {costs['start']:.1f} s, of which the processor worked {costs['start_cpu']:.1f} s")
    milliseconds, busy = 1000 * costs["cell"], 1000 * costs["cell_cpu"]
    print(
        f"  each cell             {milliseconds:.1f} ms, of which the processor worked {busy:.1f} ms, "
        f"over the first {WORKED:,}"
    )
    print(f"  most memory           {costs['memory'] / 1e6:.0f} MB")
    print(f"  status                {costs['status']:.1f} s, of which the processor worked {costs['status_cpu']:.1f} s")
