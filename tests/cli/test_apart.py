"""What a run does not need: a network, and a disk to write on once it is finished."""

import json
import shlex
import shutil
import subprocess
import sys

import pytest

from tests.cli.conftest import MICRO, CommandLine

NNCF = """
[[methods]]
name = "nncf-int8-ptq"

[[methods]]
name = "nncf-int8-qat"

[[methods]]
name = "nncf-magnitude"

[[methods]]
name = "nncf-regularization"
"""
# Python tells a hook of every use of sockets in a process. The machine's own name and its own sockets are no network;
# all others are denied and told, so that who would call out fails even where an error is swallowed.
DENYING = """
import socket, sys

def deny(event, arguments):
    if event == "socket.gethostname" or event == "socket.__new__" and arguments[1] == socket.AF_UNIX:
        return
    if event == "socket.bind" or event == "socket.connect":
        if isinstance(arguments[1], (str, bytes)):
            return
    if event.startswith("socket."):
        print("CALLED OUT", event, file=sys.stderr, flush=True)
        raise OSError("there is no network")

sys.addaudithook(deny)
from bench.cli import main
sys.exit(main(sys.argv[1:]))
"""
HIDDEN = [shutil.which("unshare") or "unshare", *("--mount", "--map-root-user"), "sh", "-c"]


def test_no_method_of_nncf_calls_out(tmp_path):
    bench = CommandLine(tmp_path, MICRO.replace("seeds = [0, 1]", "seeds = [0]").split("[[methods]]")[0] + NNCF)
    command = [sys.executable, "-c", DENYING, "run", "--profile", "micro.toml", "--device", "cpu", "--jobs", "1"]
    environment = {key: value for key, value in bench.environment.items() if not key.startswith("COVERAGE")}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "CALLED OUT" not in done.stderr
    rows = [json.loads(line) for line in bench("status", "--profile", "micro.toml", "--json").output.splitlines()]
    states = {row["cell"]: row["state"] for row in rows if row["cell"].startswith("compress/")}
    assert set(states.values()) == {"done"}
    assert sum("nncf" in name for name in states) == 4


def test_who_calls_out_is_noticed(tmp_path):
    calling = DENYING.replace("from bench.cli import main", "socket.create_connection(('localhost', 9))")
    done = subprocess.run([sys.executable, "-c", calling], capture_output=True, text=True, timeout=60)
    assert done.returncode
    assert "CALLED OUT" in done.stderr


def read_only(bench, folder, *arguments):
    """A command in a file system of its own, where a folder is mounted read-only."""
    place = shlex.quote(str(folder))
    mounted = f"mount --bind {place} {place} && mount -o remount,bind,ro {place} || exit 77; "
    mounted += f"touch {place}/x 2>/dev/null && exit 77; "
    command = shlex.join([sys.executable, "-m", "bench", *map(str, arguments)])
    return subprocess.run(
        [*HIDDEN, mounted + command],
        cwd=bench.folder,
        env=bench.environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_finished_results_on_a_read_only_disk(finished, bench):
    shutil.copytree(finished.folder / "runs", bench.folder / "runs")
    before = sorted((path, path.stat().st_mtime_ns) for path in (bench.folder / "runs").rglob("*"))
    profile = ("--profile", "micro.toml")
    commands = [("run", *profile, "--device", "cpu"), ("status", *profile), ("report", *profile, "--out", "report")]
    for arguments in commands:
        done = read_only(bench, bench.folder / "runs", *arguments)
        if done.returncode in (1, 77, 127) and "Traceback" not in done.stderr:
            pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
        assert done.returncode == 0, done.stderr
    assert (bench.folder / "report" / "index.html").is_file()
    assert sorted((path, path.stat().st_mtime_ns) for path in (bench.folder / "runs").rglob("*")) == before


def test_what_is_missing_on_a_read_only_disk_is_told_in_a_sentence(finished, bench):
    shutil.copytree(finished.folder / "runs", bench.folder / "runs")
    shutil.rmtree(next((bench.folder / "runs" / "micro").glob("*/predictions.npz")).parent)
    done = read_only(bench, bench.folder / "runs", "run", "--profile", "micro.toml", "--device", "cpu")
    if done.returncode in (1, 77, 127) and "Traceback" not in done.stderr:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    assert done.returncode == 2
    assert "cannot be written (Read-only file system): give a folder that can, with --runs" in done.stderr
