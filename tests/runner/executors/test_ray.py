"""Cells worked by Ray: what it refuses, and that deaths change no byte of a result."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from contextlib import contextmanager

import psutil
import pytest

from bench.errors import InputError
from bench.runner.executor import Demand
from tests.cli.conftest import MICRO, CommandLine, finished

pytest.importorskip("ray")

from ray.cluster_utils import Cluster

from bench.runner.executors._ray_cluster import capacity, check_address, fit, resources
from bench.runner.executors.ray import Ray

__all__ = ["finished"]  # the micro profile's run that all others must give
LONGER = MICRO.replace("epochs = 1", "epochs = 12", 1)
MARK = "INNARDS_TEST"  # in the environment of all processes that a test starts


@pytest.fixture(autouse=True)
def marked(monkeypatch):
    monkeypatch.setenv(MARK, uuid.uuid4().hex)


def node(alive=True, **amounts):
    return {"Alive": alive, "Resources": amounts}


TWO = [node(CPU=4.0), node(CPU=6.0), node(alive=False, CPU=64.0)]
MIXED = [node(CPU=8.0), node(CPU=8.0, GPU=2.0), node(CPU=1.0, GPU=4.0)]


def test_workers_fit_node_by_node_since_none_spans_two():
    assert capacity(resources(TWO), 1, "cpu") == 10
    assert capacity(resources(TWO), 4, "cpu") == 2
    assert capacity(resources(TWO), 5, "cpu") == 1
    assert capacity(resources(MIXED), 2, "cpu") == 8
    assert capacity(resources(MIXED), 2, "cuda:0") == 2


def test_gpus_are_used_where_there_are_any_and_always_as_the_first():
    assert fit(Demand(None, 2), MIXED) == (2, "cuda:0")
    assert fit(Demand(None, 2, "cpu"), MIXED) == (8, "cpu")
    assert fit(Demand(None, 1), TWO) == (10, "cpu")


@pytest.mark.parametrize(
    ("demand", "nodes", "words"),
    [
        (Demand(None, 7), TWO, "7 threads, and the most cores of a node are 6"),
        (Demand(3, 4), TWO, "--jobs 3: the cluster has room for 2 at a time"),
        (Demand(None, 1, "cuda"), TWO, "no node of the cluster has a GPU"),
        (Demand(None, 9, "cuda"), MIXED, "9 threads beside a GPU"),
        (Demand(None, 1), [], "no node has room"),
    ],
)
def test_what_no_node_can_ever_meet_is_refused(demand, nodes, words):
    with pytest.raises(InputError, match=words):
        fit(demand, nodes)


@contextmanager
def answering(answer):
    """A server that says one thing to everybody."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            line, _ = server.accept()
            with line:
                line.recv(100)
                line.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"


def test_an_address_without_a_cluster_is_refused_at_once():
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = f"127.0.0.1:{server.getsockname()[1]}"
    with pytest.raises(InputError, match="nobody answers"):
        check_address(closed)
    with answering(b"HTTP/1.1 400 Bad Request\r\n\r\n") as other, pytest.raises(InputError, match="is not Ray"):
        check_address(other)
    with answering(b"") as mute, pytest.raises(InputError, match="is not Ray"):
        check_address(mute)


@pytest.mark.parametrize("address", ["here", "ray://10.0.0.1:10001", "10.0.0.1", "10.0.0.1:port", ":6379"])
def test_what_is_no_address_is_refused(address):
    with pytest.raises(InputError, match="expected auto or HOST:PORT"):
        check_address(address)


def test_a_gpu_cannot_be_chosen():
    with pytest.raises(InputError, match="Ray chooses"):
        Ray.check(Demand(1, 1, "cuda:1"))


def test_the_command_line_refuses_in_a_sentence(tmp_path):
    bench = CommandLine(tmp_path)
    assert bench.run("--address", "10.0.0.1:6379").refuses("--executor ray")
    assert bench.run("--executor", "ray", "--address", "127.0.0.1:9").refuses("nobody answers")
    assert not (tmp_path / "runs").exists()


def test_without_ray_the_extra_is_named(tmp_path):
    bench = CommandLine(tmp_path)
    hiding = "import sys; sys.modules['ray'] = None; from bench.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", hiding, "run", "--profile", "micro.toml", "--executor", "ray"]
    done = subprocess.run(command, cwd=tmp_path, env=bench.environment, capture_output=True, text=True, timeout=200)
    assert done.returncode == 2, done.stderr
    assert "pip install 'innards[ray]'" in done.stderr


@pytest.mark.slow
def test_a_machine_of_its_own_gives_the_same_bytes(finished, tmp_path):
    bench = CommandLine(tmp_path)
    done = bench.run("--executor", "ray")
    assert done.code == 0, done.errors
    assert bench.results() == finished.results()
    commits = {path.read_text().partition('"commit"')[2][:20] for path in tmp_path.rglob("provenance.json")}
    local = {path.read_text().partition('"commit"')[2][:20] for path in finished.folder.rglob("provenance.json")}
    assert commits == local
    assert not processes()


@pytest.mark.slow
def test_the_smoke_profile_gives_the_same_bytes(tmp_path):
    results = []
    for executor in ("inline", "ray"):
        bench = CommandLine(tmp_path)
        done = bench("run", "--profile", "smoke", "--runs", executor, "--device", "cpu", "--executor", executor)
        assert done.code == 0, done.errors
        files = (path for path in (tmp_path / executor / "smoke").rglob("*") if path.is_file())
        apart = ("provenance.json", "log.txt", "margins-1.json")
        results.append(
            {path.relative_to(tmp_path / executor): path.read_bytes() for path in files if path.name not in apart}
        )
    assert results[0] == results[1]
    assert len(results[0]) > 300


@pytest.mark.slow
def test_more_than_the_machine_has_is_refused(tmp_path):
    bench = CommandLine(tmp_path, "threads = 1024\n" + MICRO)
    assert bench.run("--executor", "ray").refuses("1024 threads, and the most cores")
    assert not processes()


def processes():
    """Ray's processes that this process or a child of it started."""
    started = []
    for process in psutil.process_iter(["cmdline", "environ"]):
        words = " ".join(process.info["cmdline"] or [])
        if "raylet" in words or "dashboard.py" in words or "gcs_server" in words or words.startswith("ray::"):
            environment = process.info["environ"] or {}
            if environment.get(MARK) == os.environ[MARK]:
                started.append(process)
    return started


def working(run):
    """A worker of the run that is in a job, once there is one."""
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline:
        for process in processes():
            if process.info["cmdline"][:1] == ["ray::Worker.work"]:
                return process
        if run.poll() is not None:
            raise AssertionError(f"the run ended with {run.returncode} before: {run.communicate()[1][-500:]}")
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    names = [" ".join(process.info["cmdline"])[:60] for process in processes()]
    raise AssertionError(f"no worker began: {run.communicate()[1][-500:]}; {names}")


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    """A head without cores, and two nodes with one core each."""
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        made.two = [made.add_node(num_cpus=1) for _ in range(2)]
        yield made
    finally:
        made.shutdown()


@pytest.mark.slow
def test_deaths_of_a_worker_and_of_a_node_change_no_byte(cluster, tmp_path):
    for name in ("local", "ray"):
        (tmp_path / name).mkdir()
    local, bench = (CommandLine(tmp_path / name, LONGER) for name in ("local", "ray"))
    assert local.run("--jobs", "1").code == 0
    running = bench.start(
        *("run", "--profile", "micro.toml", "--executor", "ray", "--address", cluster.address, "--device", "cpu")
    )
    working(running).send_signal(signal.SIGKILL)
    time.sleep(0.5)
    raylet = working(running).ppid()
    struck = [node for node in cluster.two if node.all_processes["raylet"][0].process.pid == raylet]
    cluster.remove_node(*struck, allow_graceful=False)
    _, errors = running.communicate(timeout=400)
    assert running.returncode == 0, errors
    assert errors.count("ended without an answer") == 2
    assert bench.results() == local.results()


@pytest.mark.slow
def test_a_run_whose_nodes_are_all_gone_ends_and_resumes(cluster, tmp_path):
    bench = CommandLine(tmp_path, LONGER)
    running = bench.start(
        *("run", "--profile", "micro.toml", "--executor", "ray", "--address", cluster.address, "--device", "cpu")
    )
    working(running)
    for node in cluster.two:
        cluster.remove_node(node, allow_graceful=False)
    _, errors = running.communicate(timeout=400)
    assert running.returncode == 2, errors
    assert "no node of the cluster has room" in errors or "do not begin" in errors
    assert bench.run("--jobs", "2").code == 0


def test_an_interrupt_leaves_no_process_behind(tmp_path):
    bench = CommandLine(tmp_path, LONGER)
    running = bench.start("run", "--profile", "micro.toml", "--executor", "ray", "--device", "cpu")
    working(running)
    # That process reports usage, and asks the network in which cloud it is.
    assert not [process for process in processes() if "dashboard.py" in " ".join(process.info["cmdline"])]
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=200)
    assert running.returncode == 130, errors
    for _ in range(100):
        if not processes():
            return
        time.sleep(0.1)
    raise AssertionError([process.info["cmdline"] for process in processes()])
