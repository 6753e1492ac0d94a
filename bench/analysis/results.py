"""`runs/<profile>/` as plain data frames: one row a cell, epoch or layer; arrays are read when asked for."""

from __future__ import annotations

import io
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.data import kept_test_images
from bench.folders import Damaged
from bench.profile import Theme
from bench.runner.plan_file import PlanFile, PlannedCell, read
from bench.runner.store import Store

# Why a cell has no result, the worst first, and how a sentence says so.
HOLES = {"failed": "failed", "refused": "was refused", "damaged": "is damaged", "missing": "is missing"}
_BESIDE_METRICS = {"train": ["history.json"], "compress": ["history.json", "layers.json"]}
_ID = ["model", "seed", "variant"]


@dataclass(frozen=True)
class Results:
    """Everything that was measured, as it lies in one `runs/<profile>/`.

    Attributes:
        cells: name, key, kind, model, seed, variant, state ("done" or one of `HOLES`), reason; in the plan's order.
        trained, compressed, compared: model, seed, variant and the metrics of each finished cell of that kind.
        diagnosed: likewise, with the diagnostic's name.
        history: model, seed, variant, kind, epoch, loss, ...; one row an epoch.
        layers: model, seed, variant, name, layout, bits, payload_bytes, sparsity; one row a stored layer.
        provenance: name, kind and the provenance of every cell that ran, nested fields as `versions.torch`.
        strangers: number of cells in the folder that the plan does not name.
    """

    plan: PlanFile
    store: Store
    cells: pd.DataFrame
    trained: pd.DataFrame
    compressed: pd.DataFrame
    compared: pd.DataFrame
    diagnosed: pd.DataFrame
    history: pd.DataFrame
    layers: pd.DataFrame
    provenance: pd.DataFrame
    strangers: int
    _by_variant: dict[tuple[str, str], dict[tuple[str, str], np.ndarray]] = field(default_factory=dict, repr=False)
    _arrays: dict[str, Mapping[str, np.ndarray]] = field(default_factory=dict, repr=False)

    @cached_property
    def _keys(self) -> dict[tuple[str, str, str, int], str]:
        """Keys of the finished cells by kind, model, variant and seed."""
        frames = {"compressed": self.compressed, "compared": self.compared}
        return {
            (kind, model, variant, seed): key
            for kind, frame in frames.items()
            for model, variant, seed, key in zip(frame["model"], frame["variant"], frame["seed"], frame["key"])
        }

    def _load(self, key: str, file: str, names: Iterable[str]) -> dict[str, np.ndarray]:
        """Arrays of a cell's file by name, those that it has."""
        content = self.store.read(key, [file])[file]
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in names or arrays if name in arrays}

    def similarity(self, model: str, variant: str, seed: int, names: Iterable[str]) -> dict[str, np.ndarray] | None:
        """Arrays of a comparison by name, those that it has; None if the cell is not done."""
        key = self._keys.get(("compared", model, variant, seed))
        return None if key is None else self._load(key, "similarity.npz", names)

    def logits(self, model: str, variant: str) -> dict[int, tuple[np.ndarray, np.ndarray]]:
        """By finished seed: (n, classes) logits of the packed file on the test images, and (n,) labels."""
        keys = {seed: self._keys.get(("compressed", model, variant, seed)) for seed in self.plan.seeds}
        names = ("test_logits", "test_labels")
        answers = {seed: self._load(key, "predictions.npz", names) for seed, key in keys.items() if key is not None}
        return {seed: (arrays["test_logits"], arrays["test_labels"]) for seed, arrays in answers.items()}

    @cached_property
    def test_images(self) -> np.ndarray | None:
        """(n, C, H, W) uint8 from the image cache beside the runs; None if it is gone."""
        return kept_test_images(self.plan.data.content, self.store.folder.parent / ".data")

    def by_seed(self, kind: str, metric: str, model: str, variant: str) -> np.ndarray:
        """(S,) a metric of a finished cell's kind, "compressed" or "compared"; NaN for a seed without a result."""
        if (kind, metric) not in self._by_variant:
            self._by_variant[kind, metric] = self._values(kind, metric)
        return self._by_variant[kind, metric].get((model, variant), np.full(len(self.plan.seeds), np.nan))

    def _values(self, kind: str, metric: str) -> dict[tuple[str, str], np.ndarray]:
        """By model and variant, in the plan's order of seeds."""
        frame: pd.DataFrame = getattr(self, kind)
        if metric not in frame:
            return {}
        position = {seed: index for index, seed in enumerate(self.plan.seeds)}
        values: dict[tuple[str, str], np.ndarray] = defaultdict(lambda: np.full(len(position), np.nan))
        numbers = frame[metric].to_numpy(dtype=np.float64)
        for model, variant, seed, number in zip(frame["model"], frame["variant"], frame["seed"], numbers):
            if seed in position:
                values[model, variant][position[seed]] = number
        return dict(values)

    def diagnosed_with(self, diagnostic: str) -> list[dict[str, Any]]:
        """Model, seed, variant, key and metrics of the finished cells of one diagnostic."""
        return self._diagnosed.get(diagnostic, [])

    @cached_property
    def _diagnosed(self) -> dict[str, list[dict[str, Any]]]:
        cells: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for record in self.diagnosed.to_dict("records"):
            cells[record["diagnostic"]].append({str(name): value for name, value in record.items()})
        return dict(cells)

    def arrays(self, key: str) -> Mapping[str, np.ndarray]:
        """What a diagnostic's cell stored, by name."""
        if key not in self._arrays:
            self._arrays[key] = self._load(key, "arrays.npz", ())
        return self._arrays[key]

    def hole(self, kind: str, model: str, variant: str, diagnostic: str = "") -> str:
        """Why a variant lacks results of a kind: the worst state among its cells; empty if all are done."""
        states = self._states.get((kind, model, variant, diagnostic), ())
        return next((state for state in HOLES if state in states), "")

    @cached_property
    def _states(self) -> dict[tuple[str, str, str, str], set[str]]:
        states: dict[tuple[str, str, str, str], set[str]] = defaultdict(set)
        for cell, state in zip(self.plan.cells, self.cells["state"], strict=True):
            states[cell.kind, cell.model, cell.variant, cell.diagnostic].add(state)
        return dict(states)

    def count(self, *states: str) -> int:
        """How many of the planned cells are in one of the states."""
        return int(self.cells["state"].isin(states).sum())


def load(folder: Path, theme: Mapping[str, Any] | None = None) -> Results:
    """Read one profile's runs.

    Args:
        theme: what the report is to say of itself; default what the plan says.

    Raises:
        InputError: there is no readable plan.
    """
    plan, store = read(folder), Store(folder)
    if theme is not None:
        plan = plan.model_copy(update={"report": Theme.model_validate(theme)})
    reader = _Reader(store)
    for cell in plan.cells:
        reader.take(cell)
    planned = {cell.key for cell in plan.cells}
    return Results(
        plan=plan,
        store=store,
        cells=pd.DataFrame(reader.cells, columns=["name", "key", "kind", *_ID, "state", "reason"]),
        trained=_frame(reader.metrics["train"], "test_accuracy"),
        compressed=_frame(reader.metrics["compress"], "test_accuracy"),
        compared=_frame(reader.metrics["compare"], "test_accuracy"),
        diagnosed=_frame(reader.metrics["diagnose"], "diagnostic"),
        history=_frame(reader.history, "epoch"),
        layers=_frame(reader.layers, "name"),
        provenance=pd.json_normalize(reader.provenance)
        if reader.provenance
        else pd.DataFrame({"name": [], "kind": []}),
        strangers=sum(1 for key in store.keys() if key not in planned),  # noqa: SIM118 - a Store is no mapping
    )


class _Reader:
    """Gathers rows cell by cell, parents before children."""

    def __init__(self, store: Store):
        self.store = store
        self.trouble: dict[str, str] = {}  # by key: why a cell has no result
        self.cells: list[dict[str, Any]] = []
        self.metrics: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        self.history: list[dict[str, Any]] = []
        self.layers: list[dict[str, Any]] = []
        self.provenance: list[dict[str, Any]] = []

    def take(self, cell: PlannedCell) -> None:
        state, reason = self._state(cell)
        if state == "done":
            try:
                self._results(cell)
            except (Damaged, ValueError, KeyError) as error:
                state, reason = "damaged", str(error).replace(str(self.store.folder) + "/", "")
        if state != "done":
            self.trouble[cell.key] = f"{cell.name}, which {HOLES[state]}"
        if state != "missing":
            self._provenance(cell)
        self.cells.append({**_identity(cell), "name": cell.name, "kind": cell.kind, "state": state, "reason": reason})

    def _state(self, cell: PlannedCell) -> tuple[str, str]:
        if not self.store.has(cell.key):
            blame = next((self.trouble[parent] for parent in cell.parents.values() if parent in self.trouble), "")
            return "missing", f"needs {blame}" if blame else "has not been run"
        error = self.store.error(cell.key)
        return (error["kind"], error["reason"]) if error else ("done", "")

    def _results(self, cell: PlannedCell) -> None:
        wanted = ["metrics.json", *_BESIDE_METRICS.get(cell.kind, [])]
        files = {name: json.loads(data) for name, data in self.store.read(cell.key, wanted).items()}
        identity = _identity(cell)
        look = {"diagnostic": cell.diagnostic} if cell.diagnostic else {}
        self.metrics[cell.kind].append({**identity, **look, **files["metrics.json"]})
        self.history += [{**identity, "kind": cell.kind, **row} for row in files.get("history.json", [])]
        self.layers += [{**identity, **row} for row in files.get("layers.json", [])]

    def _provenance(self, cell: PlannedCell) -> None:
        file = self.store.path(cell.key) / "provenance.json"
        facts = json.loads(file.read_bytes()) if file.is_file() else {}
        self.provenance.append({"name": cell.name, "kind": cell.kind, **facts})


def _identity(cell: PlannedCell) -> dict[str, Any]:
    return {"key": cell.key, "model": cell.model, "seed": cell.seed, "variant": cell.variant}


def _frame(rows: list[dict[str, Any]], *always: str) -> pd.DataFrame:
    return pd.DataFrame(rows) if rows else pd.DataFrame(columns=["key", *_ID, *always])
