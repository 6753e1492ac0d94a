"""What running a packed network takes: exported here, timed in a process of its own."""

from __future__ import annotations

import datetime
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import bench
from bench.deploy import format, timing
from bench.deploy.engine import Engine, Timing
from bench.deploy.network import Deployed
from bench.errors import InputError
from bench.runner.provenance import machine

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
MACHINE = ("host", "processor", "platform", "cores")


def measure(deployed: Deployed, name: str, engine: Engine, settings: Timing) -> dict[str, Any]:
    """Latency and memory of a network in an engine, with when and where they were measured.

    Returns:
        See `bench.deploy.timing.timed`, with "started" and the machine; or "reason", one sentence why there are none.
    """
    about = {
        "started": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        **{fact: machine()[fact] for fact in MACHINE},
        "threads": settings.threads,
    }
    with tempfile.TemporaryDirectory() as folder:
        try:
            exported = format.export(deployed, engine.format)
        except InputError as error:
            return {**about, "reason": str(error)}
        file = format.write(exported, Path(folder) / f"network{[*exported.files][-1]}")[-1]
        shape = (1, *deployed.example.shape[1:])
        asked = (settings.threads, settings.warm_up, settings.passes, settings.seconds)
        return {**about, **_answer(timing.Request(name, str(file), shape, *asked))}


def _answer(request: timing.Request) -> dict[str, Any]:
    # The engine's libraries read how many threads to start when they are imported.
    environment = {**os.environ, **dict.fromkeys(THREADS, str(request.threads))}
    root = str(Path(bench.__file__).parent.parent)
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, (root, environment.get("PYTHONPATH"))))
    command = [sys.executable, "-m", timing.__name__, timing.as_json(request)]
    ended = subprocess.run(command, capture_output=True, text=True, errors="replace", env=environment)
    lines = ended.stdout.strip().splitlines()
    if ended.returncode == 0 and lines:
        answer: dict[str, Any] = json.loads(lines[-1])
        return answer
    if ended.returncode < 0:
        return {"reason": f"its process was killed by {signal.Signals(-ended.returncode).name}"}
    return {"reason": (ended.stderr.strip().splitlines() or ["its process gave no answer"])[-1]}
