"""The code that workers on other machines need: Innards itself, and the modules of the user's own."""

from __future__ import annotations

import filecmp
import os
import shutil
import sys
import sysconfig
from pathlib import Path

import bench
from bench.folders import is_file

USERS = "_users"  # folder of the user's modules in what is shipped
LARGEST = 1 << 20  # bytes of a file beside a module; what is larger is data and belongs on the nodes' disks
MOST = 20 << 20  # bytes of such files in all
LEFT_OUT = ("__pycache__", "node_modules", "site-packages")


def pack(target: Path) -> dict[str, str]:
    """Copy Innards and the user's modules into a folder.

    Of the folders where Python looks for the user's modules, these and the packages below them are taken, with the
    small files beside them, as far as there is room.

    Returns:
        The folders of modules and where they are within `target`, in the order in which Python is to look there, last
        of all; the first is the current one.
    """
    package = Path(bench.__file__).parent
    shutil.copytree(package, target / package.name, ignore=shutil.ignore_patterns(*LEFT_OUT))
    names: dict[str, str] = {}
    left = MOST
    for number, root in enumerate(_roots()):
        names[str(root)] = f"{USERS}/{number}"
        left = _copy(root, target / names[str(root)], package, left)
    return names


def found(shipped: Path, original: Path) -> Path:
    """Where a worker finds modules: in the folder itself, if its machine has that with the same, else as shipped."""
    # The folder itself is the better place: errors then name lines of the user's own files.
    modules = (path.relative_to(shipped) for path in shipped.rglob("*.py"))
    same = all(is_file(original / name) and _equal(original / name, shipped / name) for name in modules)
    return original if same and original.is_dir() else shipped


def _equal(file: Path, other: Path) -> bool:
    try:
        return filecmp.cmp(file, other, shallow=False)
    except OSError:
        return False


def _roots() -> list[Path]:
    """Folders where this process finds modules that are not installed: the current one first."""
    installed = {Path(path).resolve() for path in sysconfig.get_paths().values()}
    folders = [Path.cwd(), *(Path(path or ".").resolve() for path in sys.path)]
    # Python's own, and `lib-dynload` in it, lie below what is installed.
    return [
        folder
        for folder in dict.fromkeys(folders)
        if folder.is_dir() and not any(folder.is_relative_to(path) for path in installed)
    ]


def _copy(source: Path, target: Path, package: Path, left: int) -> int:
    """Copy one folder of modules; returns how many bytes of other files there is room for yet."""
    # Only folders that hold a module are walked: a home directory may hold millions of files that are none.
    target.mkdir(parents=True, exist_ok=True)
    entries = sorted(os.scandir(source), key=lambda entry: entry.name)
    modules = any(entry.name.endswith(".py") for entry in entries)
    for entry in entries:
        path = Path(entry.path)
        if entry.name.startswith(".") or entry.name in LEFT_OUT or path.resolve() == package.resolve():
            continue
        if entry.is_dir(follow_symlinks=False):
            if any(path.glob("*.py")) and not (path / "pyvenv.cfg").exists():
                left = _copy(path, target / entry.name, package, left)
        elif entry.is_file():
            size = 0 if entry.name.endswith(".py") else entry.stat().st_size
            if not size or (modules and size <= min(left, LARGEST)):
                left -= size
                shutil.copyfile(path, target / entry.name)
    return left
