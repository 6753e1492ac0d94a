"""Runs with looks inside: every network's numbers follow from how close its role is to the original."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.analysis.results import load
from bench.analysis.study import Study
from bench.runner.cell import Cell
from bench.runner.store import Store, to_json

CLOSENESS = {
    "original": 1.0,
    "finetune": 0.98,
    "other-seed": 0.5,
    "random-weights": 0.0,
    "nncf-int8-ptq": 0.9,
    "magnitude:sparsity=0.5": 0.8,
    "magnitude:sparsity=0.8": 0.7,
    "magnitude:sparsity=0.95": 0.2,
}
UNMATCHED = -0.3  # of another seed where it stands for a compressed network
ROLES = ("original", "finetune", "compressed", "other-seed", "random-weights")
DIAGNOSTICS = {
    "attributions": {"methods": ["integrated-gradients", "grad-cam"], "images": 4, "pictures": 2},
    "faithfulness": {"method": "integrated-gradients", "images": 4},
    "activation-maximization": {"channels": 2, "steps": 10},
    "activation-statistics": {"images": 8},
    "conductance": {"images": 4},
    "filters": {},
    "class-images": {"classes": 2},
    "feature-inversion": {"images": 2},
    "deep-dream": {"images": 2},
    "corruptions": {"images": 8},
}
Found = tuple[dict[str, float | None], dict[str, np.ndarray]]


@dataclass(frozen=True)
class Looked:
    """What to add to a written folder of runs.

    Attributes:
        chosen: which diagnostics.
        colours: of the images that channels are driven by.
        asked: labels of what it looks into; None for all.
        states: cell name to "failed" or "missing".
        notes: cell name to its sentences.
        without: beginnings of names of arrays that the cells lack.
    """

    chosen: tuple[str, ...] = tuple(DIAGNOSTICS)
    colours: int = 1
    asked: tuple[str, ...] | None = None
    states: dict[str, str] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)
    without: tuple[str, ...] = ()

    def add(self, folder: Path) -> Path:
        """Write the cells, and name them in the plan."""
        store, plan = Store(folder), json.loads((folder / "plan.json").read_bytes())
        cells = [
            Cell("diagnose", each["model"], each["seed"], each["variant"], {"at": each["key"], "look": name},
                 diagnostic=name)
            for each in plan["cells"]
            if each["kind"] == "compare" and (self.asked is None or each["variant"] in self.asked)
            for name in self.chosen
        ]  # fmt: skip
        plan["cells"] += [{k: v for k, v in {"name": c.name, **c.as_dict()}.items() if k != "spec"} for c in cells]
        plan["diagnostics"] = {
            name: {
                "title": name.capitalize(),
                "sources": ["kozlov2021nncf"],
                "settings": DIAGNOSTICS[name],
                "variants": self.asked,
            }
            for name in self.chosen
        }
        store.write_index("plan.json", plan)
        for cell in cells:
            if self.states.get(cell.name) != "missing":
                store.write(cell, self._files(cell), {"wall_seconds": 1.0, "cpu_seconds": 1.0}, "")
        return folder

    def _files(self, cell: Cell) -> dict[str, bytes]:
        if cell.name in self.states:
            return {"error.json": to_json({"kind": self.states[cell.name], "reason": "no", "traceback": ""})}
        metrics: dict[str, float | None] = {}
        arrays: dict[str, np.ndarray] = {}
        for role, closeness in _roles(cell):
            for numbers, kept in _found(cell.diagnostic, role, closeness, self.colours):
                metrics |= numbers
                arrays |= kept
        buffer = io.BytesIO()
        np.savez(buffer, **{name: own for name, own in arrays.items() if not name.startswith(self.without)})
        notes = self.notes.get(cell.name, [])
        return {"metrics.json": to_json(metrics), "arrays.npz": buffer.getvalue(), "notes.json": to_json(notes)}


def _roles(cell: Cell) -> Iterator[tuple[str, float]]:
    for role in ROLES:
        if role == cell.variant:
            continue
        label = cell.variant if role == "compressed" else role
        closeness = UNMATCHED if cell.variant == "other-seed" and role == "compressed" else CLOSENESS[label]
        yield role, closeness - (0.01 * cell.seed if label != "original" else 0.0)
        if label == "nncf-int8-ptq":
            yield "compressed-bypassed", closeness + 0.05


def _found(diagnostic: str, role: str, closeness: float, colours: int) -> Iterator[Found]:
    if diagnostic == "attributions":
        real = np.full((2, colours, 8, 8), 51, np.uint8)
        yield {}, {"images": np.arange(4), "targets": np.array([0, 1, 2, 3]), "shown": np.array([0, 3]), "real": real}
        for method, side in (("integrated-gradients", 8), ("grad-cam", 4)):
            numbers = {"spearman": closeness, "top_overlap": closeness / 2, "blank": 3.0 if closeness < 0.1 else 0.0}
            maps = np.full((2, side, side), closeness, np.float16)
            yield {f"{method}.{name}.{role}": value for name, value in numbers.items()}, {f"{method}.map.{role}": maps}
    elif role.endswith("bypassed"):
        return
    elif diagnostic == "faithfulness":
        yield {f"{score}.{role}": 2 - closeness for score in ("deletion", "infidelity", "sensitivity")}, {}
    elif diagnostic == "activation-maximization":
        yield {f"transfer.{role}": closeness, f"response.{role}": 2.0}, _channels(role, closeness, colours)
        if role == "original":
            yield {"transfer.other-initialisation": 0.9}, _channels("other-initialisation", 0.9, colours)
    elif diagnostic == "activation-statistics":
        yield (
            {f"dead.{role}": 1 - closeness, f"zeros.{role}": 0.5, f"dimension.{role}": closeness / 2},
            {
                "layers": np.array(["stage0", "stage1"]),
                f"dead.{role}": np.array([0.0, 1 - closeness], np.float32),
                f"zeros.{role}": np.array([0.4, 0.6], np.float32),
                f"dimension.{role}": np.array([8.0, np.nan if closeness == 0 else 16 * closeness], np.float32),
                f"width.{role}": np.array([16.0, 32.0], np.float32),
            },
        )
    elif diagnostic == "conductance":
        yield {f"spearman.{role}": closeness}, {}
    elif diagnostic == "filters":
        weights = np.full((4, colours, 3, 3), closeness, np.float16)
        matched = np.array([0, 1, 2, -1 if role == "compressed" else 3])
        numbers = {f"cosine.{role}": closeness, f"zero.{role}": None if role == "finetune" else 0.25}
        yield numbers, {f"filters.{role}": weights, f"matched.{role}": matched}
    elif diagnostic == "class-images":
        painted = np.full((2, colours, 8, 8), round(255 * max(closeness, 0)), np.uint8)
        yield {f"recognised.{role}": closeness}, {"classes": np.array([1, 4]), f"images.{role}": painted}
    elif diagnostic in ("feature-inversion", "deep-dream"):
        layered = diagnostic == "feature-inversion"
        painted = np.full((2, colours, 8, 8), round(255 * max(closeness, 0)), np.uint8)
        about = {"layers": np.array(["stage0", "stage1"])} if layered else {"layer": np.array("stage1")}
        yield (
            {f"pixels.{role}": 1 - closeness} if layered else {},
            {
                **about,
                "images": np.array([2, 5]),
                "real": np.full((2, colours, 8, 8), 51, np.uint8),
                f"images.{role}": np.stack([painted, painted]) if layered else painted,
            },
        )
    elif diagnostic == "corruptions":
        kinds = dict.fromkeys(("noise", "blur", "contrast", "brightness", "jpeg"), 0.5)
        numbers = {"clean": 0.9, **kinds, "loss": 0.5 - 0.1 * closeness}
        yield {f"{name}.{role}": value for name, value in numbers.items()}, {}


def _channels(row: str, closeness: float, colours: int) -> dict[str, np.ndarray]:
    channels = np.array([3, -1]) if row == "other-seed" else np.array([3, 5])
    return {
        "layers": np.array(["stage0", "stage1"]),
        "channels": np.array([3, 5]),
        f"images.{row}": np.full((2, colours, 8, 8), round(255 * max(closeness, 0)), np.uint8),
        f"channels.{row}": channels,
        f"transfer.{row}": np.full(2, closeness, np.float32),
        f"response.{row}": np.array([2.0, np.nan], np.float32),
    }


@pytest.fixture
def folder_of(tmp_path: Path, runs: Any, variants: dict[str, Any]) -> Callable[..., Path]:
    """Folders of runs with looks inside: one model, three seeds."""

    def make(**changes: Any) -> Path:
        models = changes.pop("models", ("resnet8",))
        invented = tuple(variants[label] for label in CLOSENESS)
        return Looked(**changes).add(runs(models=models, seeds=(0, 1, 2), variants=invented).write(tmp_path))

    return make


@pytest.fixture
def looked(folder_of: Callable[..., Path]) -> Callable[..., Study]:
    """Studies of such folders."""
    return lambda **changes: Study(load(folder_of(**changes)))
