"""Tables, figures and sentences print judgements; none of them asks another for one."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import bench

RENDER = Path(bench.__file__).parent / "render"


def imported(file: Path) -> set[str]:
    """Modules that a file imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names


@pytest.mark.parametrize(("folder", "other"), [("figures", "tables"), ("text", "tables"), ("tables", "figures")])
def test_what_is_printed_does_not_import_what_is_printed_elsewhere(folder: str, other: str):
    for file in (RENDER / folder).glob("*.py"):
        assert not [name for name in imported(file) if name.startswith(f"bench.render.{other}")], file
