import json
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from bench.cli import main


def copy_of(finished, bench):
    shutil.copytree(finished.folder / "runs", bench.folder / "runs")


def test_every_cell_is_done(finished):
    result = finished("status", "--profile", "micro.toml", "--json")
    rows = [json.loads(line) for line in result.output.splitlines()]
    assert {row["state"] for row in rows} == {"done"}
    assert len(rows) == 2 * (1 + 5 + 4)


def test_the_accuracy_is_that_of_the_packed_file(finished):
    import numpy as np

    folders = [path.parent for path in finished.folder.glob("runs/micro/*/predictions.npz")]
    assert len(folders) == 10
    for folder in folders:
        metrics = json.loads((folder / "metrics.json").read_text())
        with np.load(folder / "predictions.npz", allow_pickle=False) as arrays:
            for split in ("test", "validation"):
                found = float(np.mean(arrays[f"{split}_logits"].argmax(1) == arrays[f"{split}_labels"]))
                assert metrics[f"{split}_accuracy"] == found
        assert metrics["file_bytes"] == (folder / "network.innards").stat().st_size > metrics["payload_bytes"]


def test_margins_that_are_edited_between_runs_are_told_and_change_no_cell(finished, bench):
    copy_of(finished, bench)
    before = bench.results()
    bench.profile.write_text(bench.profile.read_text() + "[margins]\naccuracy = 1.0\n")
    for _ in range(2):
        result = bench.run("--jobs", "1")
        assert result.code == 0
        assert "The margins were changed after 20 of 20 cells were done (" in result.errors
        assert "accuracy 0.5 → 1." in result.errors
    names = ["margins-1.json", "margins-2.json"]
    assert sorted(path.name for path in (bench.folder / "runs/micro").glob("margins-*")) == names
    assert {name for name, content in bench.results().items() if content != before[name]} == {"plan.json"}


@pytest.mark.slow
def test_shards_that_run_at_once_keep_the_margins_once(bench):
    shards = [
        bench.start("run", "--profile", "micro.toml", "--only", "train/*", "--shard", f"{part}/2", "--jobs", "1")
        for part in (1, 2)
    ]
    assert [shard.wait(timeout=300) for shard in shards] == [0, 0]
    assert [path.name for path in (bench.folder / "runs/micro").glob("*margins-*")] == ["margins-1.json"]


def test_two_workers_give_the_same_bytes(finished, bench):
    assert bench.run("--jobs", "2").code == 0
    assert bench.results() == finished.results()


@pytest.mark.slow
def test_an_executor_of_ones_own_gives_the_same_bytes(finished, bench):
    (bench.folder / "my_executors.py").write_text(
        "import threading\n"
        "from concurrent.futures import Future\n"
        "from bench.runner.executor import Executor\n"
        "class Thread(Executor):\n"
        "    def __init__(self, jobs, progress):\n"
        "        super().__init__(1, progress)\n"
        "    def submit(self, job, slot):\n"
        "        from bench.runner.work import work\n"
        "        future = Future()\n"
        "        threading.Thread(target=lambda: future.set_result(work(job, self.progress))).start()\n"
        "        return future\n"
    )
    assert bench.run("--executor", "my_executors:Thread").code == 0
    assert bench.results() == finished.results()


@pytest.mark.slow
def test_shards_give_the_same_bytes(finished, bench):
    for part in ("1/2", "2/2"):
        assert bench.run("--jobs", "1", "--shard", part).code == 0
    assert bench.results() == finished.results()


def test_killed_at_a_random_moment_and_resumed_gives_the_same_bytes(finished, bench):
    process = bench.start("run", "--profile", "micro.toml", "--device", "cpu", "--jobs", "2", start_new_session=True)
    cells = bench.folder / "runs" / "micro"
    wanted = random.randrange(1, 8)
    while process.poll() is None and len(list(cells.glob("[0-9a-f]*"))) < wanted:
        time.sleep(0.02)
    for victim in [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]:
        victim.kill()
    process.communicate()
    assert bench.run("--jobs", "1").code == 0
    assert bench.results() == finished.results()


@pytest.mark.slow
def test_two_runs_at_a_time_do_not_corrupt_the_store(finished, bench):
    command = ("run", "--profile", "micro.toml", "--device", "cpu", "--jobs", "1")
    processes = [bench.start(*command), bench.start(*command)]
    for process in processes:
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
    assert bench.results() == finished.results()


@pytest.mark.slow
def test_a_killed_workers_cell_is_tried_again(finished, bench):
    process = bench.start("run", "--profile", "micro.toml", "--device", "cpu", "--jobs", "2")
    wait_for_worker(process).kill()
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert "is tried again, 1 more left: its worker process was killed by SIGKILL" in errors
    assert bench.results() == finished.results()


@pytest.mark.slow
def test_a_killed_worker_costs_its_cell_and_no_more(finished, bench):
    process = bench.start("run", "--profile", "micro.toml", "--device", "cpu", "--jobs", "2", "--retries", "0")
    worker = wait_for_worker(process)
    worker.kill()
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 3
    assert "killed by SIGKILL" in errors
    assert bench.run("--jobs", "1").code == 0
    assert bench.results() == finished.results()


def wait_for_worker(process):
    """A worker that has been at work for a moment."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        children = psutil.Process(process.pid).children()
        workers = [child for child in children if "spawn_main" in " ".join(child.cmdline())]
        busy = [worker for worker in workers if sum(worker.cpu_times()[:2]) > 2.0]
        if busy:
            return busy[0]
        time.sleep(0.02)
    raise AssertionError("no worker was started")


@pytest.mark.sampled
@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_tidily(asked, finished, bench):
    process = bench.start("run", "--profile", "micro.toml", "--device", "cpu", "--jobs", "2")
    worker = wait_for_worker(process)
    process.send_signal(asked)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert "run the same command again" in errors
    assert not worker.is_running()
    assert not list((bench.folder / "runs" / "micro").glob(".*"))


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("wait", [0.0, 0.3, 4.0])
def test_three_quick_interrupts_end_at_once(bench, jobs, wait):
    process = bench.start("run", "--profile", "micro.toml", "--device", "cpu", "--jobs", str(jobs))
    while "SIGINT" not in caught_by(process):
        time.sleep(0.02)
    time.sleep(wait)
    workers = psutil.Process(process.pid).children(recursive=True)
    for _ in range(3):
        process.send_signal(signal.SIGINT)
        time.sleep(0.05)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert not psutil.wait_procs(workers, timeout=10)[1]


def caught_by(process):
    """Names of the signals that a process answers itself, of SIGINT alone."""
    mask = re.search(r"SigCgt:\s*(\w+)", Path(f"/proc/{process.pid}/status").read_text())
    python_runs = "bench" in Path(f"/proc/{process.pid}/cmdline").read_text()
    threads = int(re.search(r"Threads:\s*(\d+)", Path(f"/proc/{process.pid}/status").read_text())[1])
    listens = python_runs and threads > 1 and int(mask[1], 16) >> (signal.SIGINT - 1) & 1
    return ["SIGINT"] if listens else []


def test_nothing_to_do_is_said_and_nothing_is_changed(finished, bench):
    copy_of(finished, bench)
    before = bench.results()
    result = bench.run()
    assert result.code == 0
    assert "20 done" in result.output
    assert bench.results() == before


def test_a_damaged_cell_is_redone_and_named(finished, bench):
    copy_of(finished, bench)
    victim = next(bench.folder.glob("runs/micro/*/network.innards"))
    victim.write_bytes(victim.read_bytes()[:-1] + b"!")
    result = bench.run("--jobs", "1")
    assert result.code == 0
    assert "is damaged and will be redone" in result.errors
    assert bench.results() == finished.results()


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("kind", "file"), [("train", "spec.json"), ("compress", "metrics.json"), ("compress", "layers.json")]
)
def test_status_finds_the_damage_that_run_and_report_find(finished, bench, inside, kind, file):
    copy_of(finished, bench)
    plan = json.loads((bench.folder / "runs" / "micro" / "plan.json").read_text())
    cell = next(cell for cell in plan["cells"] if cell["kind"] == kind)
    victim = bench.folder / "runs" / "micro" / cell["key"] / file
    victim.write_bytes(victim.read_bytes()[:30])
    first, last = inside("status", "--profile", "micro.toml").output.splitlines()
    assert first.startswith(f"damaged  {cell['name']}: {cell['key']}/{file}")
    assert last == "19 done, 0 failed, 0 refused, 1 damaged, 0 missing"
    assert bench.run("--dry-run").output.splitlines()[0] == cell["name"]


@pytest.mark.parametrize("content", ["", "{}", '{"cells": [', "[]"])
@pytest.mark.parametrize("command", ["status", "report"])
def test_a_damaged_plan_is_one_sentence(bench, inside, command, content):
    folder = bench.folder / "runs" / "micro"
    folder.mkdir(parents=True)
    (folder / "plan.json").write_text(content)
    assert inside(command, "--profile", "micro.toml").refuses("plan.json is not a plan")


def test_a_profile_that_is_named_twice_is_reported_once(finished, monkeypatch, capsys):
    from bench import render

    asked = []

    def report(folders, *_, **__):
        asked.extend(folders)
        return render.Summary(finished.folder, 0, 0, 0, 0, True, "", ())

    monkeypatch.setattr(render, "report", report)
    runs, profile = finished.folder / "runs", str(finished.folder / "micro.toml")
    assert main(["report", "--profile", profile, "micro", profile, "--runs", str(runs)]) == 0
    assert asked == [runs / "micro"]


@pytest.mark.slow
def test_a_dry_run_names_what_is_missing_and_does_nothing(finished, bench):
    copy_of(finished, bench)
    shutil.rmtree(next(bench.folder.glob("runs/micro/*/similarity.npz")).parent)
    before = bench.results()
    result = bench.run("--dry-run")
    assert result.output.splitlines()[0].startswith("compare/resnet8/")
    assert "1 missing" in result.output
    assert bench.results() == before


@pytest.mark.slow
def test_only_works_what_matches_and_what_it_needs(bench):
    result = bench.run("--jobs", "1", "--only", "compress/resnet8/1/magnitude*")
    assert result.code == 0
    assert "2 done" in result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "--profile", "digit"), ("unknown profile 'digit'", "did you mean 'digits'")),
        (("run", "--profile", "micro.toml", "--only", "zzz"), ("--only 'zzz' matches none",)),
        (("run", "--shard", "3/2"), ("expected K/N",)),
        (("run", "--jobs", "0"), ("at least 1",)),
        (("status", "--profile", "cifar10"), ("was never run",)),
        (("similarity", "a.npz", "b.npz"), ("a.npz",)),
        (("footprint", "--model", "resnet8", "--method", "magnitud"), ("did you mean 'magnitude'",)),
        (("footprint", "--model", "resnet9", "--method", "magnitude"), ("did you mean 'resnet8'",)),
        (("footprint", "--model", "resnet8", "--method", "magnitude+"), ("unknown method '': Allowed: ",)),
        (("footprint", "--model", "resnet8", "--method", "magnitude", "--set", "sparsity"), ("key=value",)),
    ],
)
def test_bad_input_is_one_sentence(inside, arguments, words):
    assert inside(*arguments).refuses(*words)


def test_a_process_ends_with_the_sentence_and_its_code(bench):
    assert bench("run", "--profile", "digit").refuses("unknown profile 'digit'", "did you mean 'digits'")


def test_a_folder_that_cannot_be_written_is_one_sentence(bench, inside):
    (bench.folder / "taken").write_text("a file")
    command = ("run", "--profile", "micro.toml", "--device", "cpu", "--runs")
    assert inside(*command, "taken").refuses("argument --runs: 'taken' cannot be a folder, since it is a file")
    assert inside(*command, "taken/deeper").refuses("cannot be written (Not a directory)", "with --runs")


WITHOUT_TORCH = [("--help",), ("list",), ("run", "--help"), ("status", "--profile", "micro.toml")]


@pytest.mark.parametrize("arguments", WITHOUT_TORCH)
def test_start_up_imports_no_torch(finished, arguments):
    code = f"import sys; from bench.cli import main\ntry: main({list(arguments)!r})\nexcept SystemExit: pass\n"
    code += "assert 'torch' not in sys.modules and 'nncf' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=finished.folder, env=finished.environment, check=True)


@pytest.mark.parametrize("workers", [(), ("--device", "cpu", "--jobs", "1"), ("--executor", "inline")])
def test_a_run_with_nothing_to_do_imports_no_torch(finished, bench, workers):
    copy_of(finished, bench)
    code = "import sys; from bench.cli import main\n"
    code += f"assert main(['run', '--profile', 'micro.toml', {', '.join(map(repr, workers))}]) == 0\n"
    code += "assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=bench.folder, env=bench.environment, check=True)


@pytest.mark.slow
def test_a_dry_run_forecasts_hours_and_disk(bench):
    lines = bench.run("--dry-run", "--device", "cpu").output.splitlines()
    assert any(line.startswith("resnet8: ") and "of a training step" in line for line in lines)
    assert any("hours of one cpu worker for" in line for line in lines)
    assert any(line.startswith("at most ") and line.endswith("predictions") for line in lines)
    assert not list((bench.folder / "runs").glob("micro/*"))
