"""The scripts of docs/clusters.md do what they say, as far as that can be tried without a scheduler."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import CommandLine, finished

__all__ = ["finished"]

DOCUMENT = Path(__file__).parents[1] / "docs" / "clusters.md"
ARRAY, JOB = re.findall(r"```bash\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
# What Slurm would run on another node runs here.
STANDING_IN = {
    "scontrol": "#!/bin/sh\nprintf 'node-a\\nnode-b\\n'\n",
    "srun": '#!/bin/sh\nwhile [ "${1#--}" != "$1" ]; do shift; done\nexec "$@"\n',
}


@pytest.fixture
def script(tmp_path):
    """Run a script as Slurm would, with these variables, in a folder that holds micro.toml."""
    bench = CommandLine(tmp_path)
    commands = tmp_path / "bin"
    commands.mkdir()
    python = f"#!/bin/sh\nexec '{sys.executable}' \"$@\"\n"
    for name, text in {**STANDING_IN, "python": python}.items():
        (commands / name).write_text(text)
        (commands / name).chmod(0o755)

    def run(text, **variables):
        path = os.pathsep.join([str(commands), str(Path(sys.executable).parent), os.environ["PATH"]])
        environment = {**bench.environment, "PATH": path, "PROFILE": "micro.toml", **variables}
        return subprocess.run(
            ["bash", "-c", text], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
        )

    run.bench = bench
    return run


@pytest.mark.slow
def test_the_tasks_of_an_array_are_the_run(script, finished):
    for task in "12":
        variables = {"SLURM_ARRAY_TASK_ID": task, "SHARDS": "2", "SLURM_CPUS_PER_TASK": "1"}
        done = script(ARRAY, RUNS=f"shard-{task}", **variables)
        assert done.returncode == 0, done.stderr
    merged = script.bench("merge", "shard-1", "shard-2", "--into", "runs")
    assert merged.code == 0, merged.errors
    assert script.bench.results() == finished.results()


def test_a_task_that_counts_from_0_is_refused(script):
    done = script(ARRAY, RUNS="runs", SLURM_ARRAY_TASK_ID="0", SHARDS="2", SLURM_CPUS_PER_TASK="1")
    assert done.returncode == 2
    assert "expected K/N with K from 1 to N" in done.stderr


@pytest.mark.slow
def test_a_job_over_two_nodes_is_the_run(script, finished):
    pytest.importorskip("ray")
    variables = {"SLURM_JOB_NODELIST": "node-[a-b]", "SLURM_JOB_ID": str(os.getpid()), "SLURM_CPUS_PER_TASK": "1"}
    done = script(JOB, RUNS="runs", **variables)
    assert done.returncode == 0, done.stderr
    assert script.bench.results() == finished.results()
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
    assert f"ray-{os.getpid()}/" not in running
    assert not Path(f"/tmp/ray-{os.getpid()}").exists()


def test_the_scripts_are_bash(tmp_path):
    for text in (ARRAY, JOB):
        assert subprocess.run(["bash", "-n"], input=text, text=True).returncode == 0
        assert "set -euo pipefail" in text
