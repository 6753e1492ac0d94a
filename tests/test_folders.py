import errno
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.errors import InputError
from bench.folders import (
    checksum,
    checksum_of_file,
    discard,
    is_file,
    sweep,
    uninterrupted,
    writable,
    write_file,
    writing,
)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def fill(target: Path, content: bytes = b"ours", **options) -> None:
    with writing(target, **options) as folder:
        (folder / "out").write_bytes(content)


def test_a_folder_is_seen_only_when_it_is_whole(tmp_path: Path):
    with writing(tmp_path / "deep" / "cell") as folder:
        (folder / "out").write_bytes(b"half")
        assert not (tmp_path / "deep" / "cell").exists()
        assert folder.parent == tmp_path / "deep"
    assert names(tmp_path / "deep") == {"cell"}
    assert names(tmp_path / "deep" / "cell") == {"out"}


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, OSError])
def test_a_writer_that_fails_leaves_nothing(tmp_path: Path, error: type[BaseException]):
    with pytest.raises(error), writing(tmp_path / "cell") as folder:
        (folder / "out").write_bytes(b"half")
        raise error
    assert names(tmp_path) == set()


def test_the_first_of_two_writers_wins(tmp_path: Path):
    fill(tmp_path / "cell", b"first")
    fill(tmp_path / "cell", b"second")
    assert (tmp_path / "cell" / "out").read_bytes() == b"first"
    assert names(tmp_path) == {"cell"}


def test_what_is_not_sound_is_replaced(tmp_path: Path):
    fill(tmp_path / "cell", b"rotten")
    fill(tmp_path / "cell", is_sound=lambda folder: (folder / "out").read_bytes() != b"rotten")
    assert (tmp_path / "cell" / "out").read_bytes() == b"ours"
    assert names(tmp_path) == {"cell"}


def test_a_file_is_replaced_in_one_step(tmp_path: Path):
    write_file(tmp_path / "deep" / "plan.json", b"old")
    write_file(tmp_path / "deep" / "plan.json", b"new")
    assert (tmp_path / "deep" / "plan.json").read_bytes() == b"new"
    assert names(tmp_path / "deep") == {"plan.json"}


def test_a_file_that_cannot_be_replaced_leaves_nothing_beside(tmp_path: Path):
    fill(tmp_path / "plan.json")
    with pytest.raises(OSError, match="directory"):
        write_file(tmp_path / "plan.json", b"new")
    assert names(tmp_path) == {"plan.json"}


def test_discard_removes_a_folder_and_tolerates_none(tmp_path: Path):
    fill(tmp_path / "cell")
    discard(tmp_path / "cell")
    discard(tmp_path / "cell")
    assert names(tmp_path) == set()


def test_sweep_removes_what_the_dead_of_this_machine_left_and_only_that(tmp_path: Path):
    code = "import os; print(os.getpid())"
    dead = int(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
    host = socket.gethostname()
    (tmp_path / f".writing-{host}-{dead}-0").mkdir()
    (tmp_path / f".plan.json-{host}-{dead}-0").write_text("")
    kept = {f".writing-{host}-{os.getpid()}-0", f".writing-elsewhere-{dead}-0", ".note-x", f"{host}-{dead}-0"}
    for name in kept:
        (tmp_path / name).mkdir()
    sweep(tmp_path)
    assert names(tmp_path) == kept
    sweep(tmp_path / "missing")


def test_a_hosts_name_may_hold_hyphens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(socket, "gethostname", lambda: "node-3-rack-1")
    (tmp_path / f".writing-node-3-rack-1-{2**22 + 1}-0").mkdir()
    sweep(tmp_path)
    assert names(tmp_path) == set()


def test_a_checksum_is_that_of_the_bytes(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"abc")
    assert checksum(b"abc").startswith("ba7816bf")
    assert checksum_of_file(tmp_path / "a") == checksum(b"abc")


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.ENOSPC, "no space is left on the disk of the shelf: free some and run the same command again"),
        (errno.EDQUOT, "no space is left"),
        (errno.EACCES, "the shelf cannot be written .Permission denied.: give a folder that can, with --runs"),
    ],
)
def test_what_a_disk_refuses_is_a_sentence(number: int, sentence: str):
    with pytest.raises(InputError, match=sentence), writable("the shelf"):
        raise OSError(number, os.strerror(number))


HOLDS = """
import sys, time
from pathlib import Path
from bench.folders import guarded
with guarded(Path(sys.argv[1])) as folder:
    (folder / "half").write_text("a report")
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("path", [os.environ["PATH"], ""])
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_guarded_folder_goes_with_its_process(tmp_path: Path, end: int, path: str):
    command, env = [sys.executable, "-c", HOLDS, str(tmp_path)], {**os.environ, "PATH": path}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=env) as process:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        assert len(list(tmp_path.iterdir())) == 1
        process.send_signal(end)
        process.wait(60)
    deadline = time.monotonic() + 30
    while list(tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not list(tmp_path.iterdir())


def test_interrupts_wait_for_what_must_be_whole():
    steps = []
    with pytest.raises(KeyboardInterrupt), uninterrupted():
        os.kill(os.getpid(), signal.SIGINT)
        steps.append("done")
    assert steps == ["done"]


@pytest.mark.parametrize("name", ["a" * 300, "a\0b", "nothing"])
def test_a_name_that_no_file_has_is_no_file(tmp_path: Path, name: str):
    assert not is_file(tmp_path / name)
