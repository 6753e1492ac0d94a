"""The rooms of CONTRIBUTING.md are those that are there, in an order that imports keep to."""

import ast
import re
from pathlib import Path

import pytest

import bench

BENCH = Path(bench.__file__).parent
TABLE = (BENCH.parent / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("| room |")[2].partition("\n\n")[0]
ROOMS = [
    [name.removeprefix("bench/").rstrip("/") for name in re.findall(r"`([^`]+)`", line.split("|")[1])]
    for line in TABLE.splitlines()[2:]
]
PLACE = {name: place for place, names in enumerate(ROOMS) for name in names}


def room_of(module):
    """The room of `bench.x.y`; none of the package itself."""
    name = module.split(".")[1]
    return name if (BENCH / name).is_dir() else f"{name}.py"


def imported(file):
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "bench":
            yield from (f"bench.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_every_room_is_in_the_table():
    there = {path.name for path in BENCH.iterdir() if not path.name.startswith("_")}
    assert set(PLACE) == there


@pytest.mark.parametrize("room", PLACE)
def test_imports_point_one_way(room):
    path = BENCH / room
    for file in [path] if path.is_file() else path.rglob("*.py"):
        rooms = {room_of(module) for module in imported(file) if module.startswith("bench.")}
        later = {other for other in rooms if PLACE[other] > PLACE[room]}
        assert not later, f"{file} imports from {later}"
