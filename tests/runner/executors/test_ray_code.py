"""What is shipped to other machines: Innards and the user's modules, and no more."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from bench.runner.executors import _ray_code, _ray_worker

CHECKOUT = Path(__file__).parents[3]
ELSEWHERE = """
import json, os, sys
from bench.runner.executors._ray_worker import Worker
import bench
code = json.loads(sys.argv[1])
Worker("/no/such/folder", {f"/no/such{root}": name for root, name in code.items()}, None)
import mine, package.part, elsewhere
print(json.dumps([bench.__file__, mine.__file__, package.part.VALUE, elsewhere.__file__, os.getcwd()]))
"""


@pytest.fixture
def users(tmp_path, monkeypatch):
    """A user's folder with modules, data and an environment, which is the current one; and another on the path."""
    folder, other = tmp_path / "mine", tmp_path / "other"
    for name in ("package/inner", "photos", "runs/digits", "environment", ".git"):
        (folder / name).mkdir(parents=True)
    other.mkdir()
    files = {
        "mine.py": b"",
        "package/__init__.py": b"",
        "package/part.py": b"from pathlib import Path\nVALUE = Path(__file__).with_name('v.json').read_text()",
        "package/v.json": b"7",
        "package/large.bin": bytes(_ray_code.LARGEST + 1),
        "package/inner/deep.py": b"",
        "photos/1.png": b"",
        "runs/digits/plan.json": b"{}",
        "environment/pyvenv.cfg": b"",
        "environment/site.py": b"",
        ".git/hook.py": b"",
        "random.py": b"raise AssertionError('a module of the user must not stand before one of Python')",
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    (other / "elsewhere.py").touch()
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(other))
    return folder


def test_modules_go_with_the_small_files_beside_them(users, tmp_path):
    first = next(iter(_ray_code.pack(tmp_path / "code").values()))
    shipped = tmp_path / "code" / first
    names = {str(path.relative_to(shipped)) for path in shipped.rglob("*") if path.is_file()}
    inside = {"__init__.py", "part.py", "v.json", "inner/deep.py"}
    assert names == {"mine.py", "random.py", *(f"package/{name}" for name in inside)}
    assert (tmp_path / "code" / "bench" / "profiles" / "smoke.toml").is_file()


def test_other_files_stop_at_a_bound_and_modules_do_not(users, tmp_path, monkeypatch):
    monkeypatch.setattr(_ray_code, "MOST", 0)
    first = next(iter(_ray_code.pack(tmp_path / "code").values()))
    assert not (tmp_path / "code" / first / "package/v.json").exists()
    assert (tmp_path / "code" / first / "package/part.py").exists()


def test_a_machine_without_the_drivers_folders_finds_the_modules(users, tmp_path):
    target = tmp_path / "code"
    code = _ray_code.pack(target)
    environment = {**os.environ, "PYTHONPATH": str(target)}
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, json.dumps(code)],
        cwd=target,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    innards, mine, value, elsewhere, folder = json.loads(done.stdout)
    assert innards == str(target / "bench/__init__.py")
    assert mine == str(target / code[str(users)] / "mine.py")
    assert value == "7"
    assert Path(elsewhere).is_relative_to(target)
    assert folder == str(target / code[str(users)])
    assert str(CHECKOUT) not in done.stdout


def test_the_folder_itself_is_the_better_place_if_it_holds_the_same(users, tmp_path):
    code = _ray_code.pack(tmp_path / "code")
    shipped = tmp_path / "code" / code[str(users)]
    assert _ray_code.found(shipped, users) == users
    (users / "package" / "v.json").unlink()
    assert _ray_code.found(shipped, users) == users
    (users / "mine.py").write_text("# edited since, or another machine's")
    assert _ray_code.found(shipped, users) == shipped
    (users / "mine.py").unlink()
    assert _ray_code.found(shipped, users) == shipped
    assert _ray_code.found(shipped, tmp_path / "nowhere") == shipped


def test_images_go_where_the_node_can_have_them(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    assert _ray_worker.cache_folder(tmp_path / "a" / "b") == tmp_path / "a" / "b"
    assert (tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").touch()
    assert _ray_worker.cache_folder(tmp_path / "file" / "b").parent == tmp_path / "temporary"
