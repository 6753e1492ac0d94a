"""Installed from a wheel, Innards runs and renders from any folder."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import bench

ROOT = Path(bench.__file__).parents[1]
SOURCES = ("bench", "templates", "pyproject.toml", "setup.py", "README.md", "LICENSE")
PROFILE = """
seeds = [0]
models = [{name = "resnet8"}]
methods = [{name = "float16"}]
training = {epochs = 1}
finetuning = {epochs = 1}
"""
BUILD = "from setuptools import build_meta; print(build_meta.build_{kind}({out!r}))"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """What a wheel holds that was built from an archive of sources, as `pip` would lay it out."""
    folder = tmp_path_factory.mktemp("a package")
    tree = folder / "tree"
    tree.mkdir()
    for name in SOURCES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tree / name)
    archive = folder / build("sdist", tree, folder)
    shutil.unpack_archive(archive, folder / "unpacked", filter="data")
    (unpacked,) = (folder / "unpacked").iterdir()
    with zipfile.ZipFile(folder / build("wheel", unpacked, folder)) as wheel:
        wheel.extractall(folder / "site")
    return folder / "site"


def build(kind, tree, out):
    command = [sys.executable, "-c", BUILD.format(kind=kind, out=str(out))]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[-1]


def innards(installed, folder, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(installed), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "bench", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_all_that_is_read_at_run_time_is_in_the_wheel(installed):
    def others(folder):
        files = (path for path in folder.rglob("*") if path.is_file())
        return {str(path.relative_to(folder)) for path in files if path.suffix not in (".py", ".pyc")}

    assert others(installed / "bench") == others(ROOT / "bench") | {
        f"templates/{name}" for name in others(ROOT / "templates")
    }


def test_an_installed_wheel_runs_and_renders_from_any_folder(installed, tmp_path):
    (tmp_path / "tiny.toml").write_text(PROFILE)
    for command in ("list", "run --jobs 1 --profile tiny.toml", "report --profile tiny.toml"):
        done = innards(installed, tmp_path, *command.split())
        assert done.returncode == 0, done.stderr
    assert "resnet8" in (tmp_path / "report" / "details.html").read_text(encoding="utf-8")
    assert (tmp_path / "report" / "appendix.tex").is_file()


def test_missing_templates_are_called_missing(installed, tmp_path, monkeypatch):
    from bench.errors import InputError
    from bench.render.writers import overrides

    monkeypatch.setattr(overrides, "TEMPLATES", tmp_path / "templates")
    with pytest.raises(InputError, match=r"templates/html: the templates of Innards are missing"):
        overrides.Templates("html")
