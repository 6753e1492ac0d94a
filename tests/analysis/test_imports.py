"""Judgements are functions of a study: no module of the analysis imports another that needs it."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import bench

ROOM = Path(bench.__file__).parent / "analysis"


def imported(file: Path) -> set[str]:
    """Modules of the analysis that a file imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "bench.analysis":
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("bench.analysis."):
            names.add(node.module.split(".")[2])
    return names


def test_there_is_no_circle():
    graph = {file.stem: imported(file) for file in ROOM.glob("*.py")}
    order = list(TopologicalSorter(graph).static_order())
    assert order.index("results") < order.index("study") < order.index("claims")
