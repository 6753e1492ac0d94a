"""The rooms of CONTRIBUTING.md are those that are there, imports keep to their order, and what is private stays so."""

import ast
import re
from collections import defaultdict
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import bench

BENCH = Path(bench.__file__).parent
TABLE = (BENCH.parent / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("| room |")[2].partition("\n\n")[0]
ROOMS = [
    [name.removeprefix("bench/").rstrip("/") for name in re.findall(r"`([^`]+)`", line.split("|")[1])]
    for line in TABLE.splitlines()[2:]
]
ORDER = {name: number for number, names in enumerate(ROOMS) for name in names}
MODULES = {
    ".".join(file.relative_to(BENCH.parent).with_suffix("").parts).removesuffix(".__init__"): file
    for file in sorted(BENCH.rglob("*.py"))
}
TREES = {module: ast.parse(file.read_text(encoding="utf-8")) for module, file in MODULES.items()}


def room_of(module):
    """The room of `bench.x.y`."""
    name = module.split(".")[1]
    return name if (BENCH / name).is_dir() else f"{name}.py"


def folder_of(module):
    """The package whose folder a module's file is in."""
    return module if MODULES[module].name == "__init__.py" else module.rpartition(".")[0]


def imported(module):
    """Modules of ours that a module imports, with the name that it takes from each, also late or for types alone."""
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "bench":
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield (whole, "") if whole in MODULES else (node.module, alias.name)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names if alias.name in MODULES)


def test_every_room_is_in_the_table():
    there = {path.name for path in BENCH.iterdir() if not path.name.startswith("_")}
    assert set(ORDER) == there


def test_every_folder_of_entries_is_in_the_table():
    folders = {
        node.value.value
        for tree in TREES.values()
        for node in tree.body
        if isinstance(node, ast.Assign)
        and getattr(node.targets[0], "id", "") == "PACKAGE"
        and isinstance(node.value, ast.Constant)
    }
    assert len(folders) > 5
    missing = [folder for folder in sorted(folders) if f"{folder.rpartition('.')[2]}/`" not in TABLE]
    assert not missing, f"CONTRIBUTING.md does not say how to add to {missing}"


@pytest.mark.parametrize("room", ORDER)
def test_imports_point_one_way(room):
    for module in MODULES:
        if module != "bench" and room_of(module) == room:
            rooms = {room_of(other) for other, _ in imported(module) if other != "bench"}
            later = {other for other in rooms if ORDER[other] > ORDER[room]}
            assert not later, f"{module} imports from {later}"


def test_no_modules_import_one_another_in_a_circle():
    graph = {module: {other for other, _ in imported(module)} - {module} for module in MODULES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(error.args[1]))


def test_what_is_private_is_imported_in_its_own_folder_alone():
    """A module or a name that starts with `_` belongs to its folder; sub-folders and parents are outside."""
    outside = [
        f"{module} imports {other}{f'.{name}' if name else ''}"
        for module in MODULES
        for other, name in imported(module)
        if (name or other.rpartition(".")[2]).startswith("_")
        and not name.startswith("__")
        and folder_of(module) != (folder_of(other) if name else other.rpartition(".")[0])
    ]
    assert not outside, "\n".join(outside)


def test_no_two_rooms_have_a_public_class_of_one_name():
    rooms = defaultdict(set)
    for module, tree in TREES.items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                rooms[node.name].add(room_of(module))
    shared = {name: sorted(where) for name, where in rooms.items() if len(where) > 1}
    assert not shared
