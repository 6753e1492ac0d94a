"""Runs with sensitivity curves: invented rises, of which every test knows the truth."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.runner.cell import Cell
from bench.runner.store import Store, to_json

TARGETS = {"elements": ("stem", "middle", "head"), "channels": ("stem",), "bits": ("stem", "middle", "head")}
SHARES, BITS = (0.0, 0.5, 0.9), (32.0, 4.0, 2.0)
RISE = 0.1


def rise(kind: str, target: str, step: int, seed: int, retaken: bool) -> float:
    """0 at first; the stem minds most, the head least, and statistics that are taken again help."""
    return step * (0.3, 0.08, 0.01)[TARGETS[kind].index(target)] * (0.5 if retaken else 1) * (1 + seed / 10)


@dataclass(frozen=True)
class SingleLayers:
    """What to add to a written folder of runs.

    Attributes:
        rise: of kind, target, step from mild to harsh, seed and whether statistics were taken again.
        retakes: whether the networks have batch normalisation.
        states: cell name to "failed" or "missing".
    """

    rise: Callable[[str, str, int, int, bool], float | None] = rise
    retakes: bool = True
    states: dict[str, str] = field(default_factory=dict)

    def add(self, folder: Path) -> Path:
        """Write the cells, and name them in the plan."""
        store, plan = Store(folder), json.loads((folder / "plan.json").read_bytes())
        cells = [
            Cell("sensitivity", each["model"], each["seed"], "original", {"of": each["key"]})
            for each in plan["cells"]
            if each["kind"] == "train"
        ]
        plan["cells"] += [{k: v for k, v in {"name": c.name, **c.as_dict()}.items() if k != "spec"} for c in cells]
        plan["sensitivity"] = {
            "kinds": list(TARGETS), "sparsities": SHARES[1:], "bits": [4, 2], "images": 100, "training_images": 256,
            "rise": RISE,
        }  # fmt: skip
        store.write_index("plan.json", plan)
        for cell in cells:
            if self.states.get(cell.name) != "missing":
                store.write(cell, self._files(cell), {"wall_seconds": 1.0, "cpu_seconds": 1.0}, "")
        return folder

    def _files(self, cell: Cell) -> dict[str, bytes]:
        if cell.name in self.states:
            return {"error.json": to_json({"kind": self.states[cell.name], "reason": "no", "traceback": ""})}
        singles = [
            self._single(cell, kind, target, step, level, retaken)
            for kind in TARGETS
            for target in TARGETS[kind]
            for step, level in enumerate(BITS if kind == "bits" else SHARES)
            for retaken in self._treatments
        ]
        joints = [
            self._joint(singles, kind, level, retaken)
            for kind in TARGETS
            for level in (*(BITS if kind == "bits" else SHARES), "tolerated")
            for retaken in self._treatments
        ]
        return {
            "curves.json": to_json(singles),
            "joint.json": to_json(joints),
            "notes.json": to_json([]),
            "metrics.json": to_json({"images": 100, "loss": 0.2, "accuracy": 0.95}),
        }

    @property
    def _treatments(self) -> tuple[bool, ...]:
        return (False, True) if self.retakes else (False,)

    def _single(self, cell: Cell, kind: str, target: str, step: int, level: float, retaken: bool) -> dict[str, Any]:
        rises = self.rise(kind, target, step, cell.seed, retaken)
        depth = 1 + TARGETS[kind].index(target)
        return {
            "kind": kind, "target": target, "depth": depth, "layers": 2 if kind == "channels" else 1, "level": level,
            "retaken": retaken, "parameters": 1000 * depth, "saved": 100 * step * depth, "rise": rises,
            "loss": None if rises is None else 0.2 + rises, "accuracy": 0.95 - 0.1 * step, "agreement": 1 - 0.1 * step,
            "similarity": 1 - 0.05 * step,
        }  # fmt: skip

    def _joint(self, singles: list[dict[str, Any]], kind: str, level: float | str, retaken: bool) -> dict[str, Any]:
        of_level = [s for s in singles if (s["kind"], s["retaken"]) == (kind, retaken) and s["level"] == level]
        rises = [s["rise"] for s in of_level]
        total = 0.05 if level == "tolerated" else None if None in rises else sum(rises)
        return {
            "kind": kind, "level": level, "retaken": retaken, "targets": len(of_level) or 2,
            "saved": sum(s["saved"] for s in of_level) or 700 * (level == "tolerated"), "sum": total,
            "rise": None if total is None else 2 * total, "loss": 0.2, "accuracy": 0.9, "agreement": 0.9,
            "similarity": 0.9,
        }  # fmt: skip
