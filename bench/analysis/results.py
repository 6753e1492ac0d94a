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

STATES = ("done", "failed", "refused", "damaged", "missing")
_ID = ["model", "seed", "variant"]


@dataclass(frozen=True)
class Results:
    """Everything that was measured, as it lies in one `runs/<profile>/`.

    Attributes:
        cells: name, key, kind, model, seed, variant, state (see `STATES`), reason; in the plan's order.
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
    def _compare_keys(self) -> dict[tuple[str, str, int], str]:
        found = self.compared
        return {(m, v, s): k for m, v, s, k in zip(found["model"], found["variant"], found["seed"], found["key"])}

    def similarity(self, model: str, variant: str, seed: int, names: Iterable[str]) -> dict[str, np.ndarray] | None:
        """Arrays of a comparison by name, those that are there; None where the cell is not done."""
        key = self._compare_keys.get((model, variant, seed))
        if key is None:
            return None
        data = self.store.read(key, ["similarity.npz"])["similarity.npz"]
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in names if name in arrays}

    @cached_property
    def _compress_keys(self) -> dict[tuple[str, str, int], str]:
        found = self.compressed
        return {(m, v, s): k for m, v, s, k in zip(found["model"], found["variant"], found["seed"], found["key"])}

    def logits(self, model: str, variant: str) -> dict[int, tuple[np.ndarray, np.ndarray]]:
        """By seed, where there are any: (n, classes) logits of the packed file on the test images, and (n,) labels."""
        keys = ((seed, self._compress_keys.get((model, variant, seed))) for seed in self.plan.seeds)
        found = {}
        for seed, key in keys:
            if key is not None:
                data = self.store.read(key, ["predictions.npz"])["predictions.npz"]
                with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
                    found[seed] = arrays["test_logits"], arrays["test_labels"]
        return found

    @cached_property
    def test_images(self) -> np.ndarray | None:
        """(n, C, H, W) uint8 from the image cache beside the runs; None where it is not there any more."""
        return kept_test_images(self.plan.data.content, self.store.folder.parent / ".data")

    def by_seed(self, kind: str, metric: str, model: str, variant: str) -> np.ndarray:
        """(S,) a metric of a finished cell's kind, "compressed" or "compared", NaN where a seed has none."""
        if (kind, metric) not in self._by_variant:
            self._by_variant[kind, metric] = self._values(kind, metric)
        return self._by_variant[kind, metric].get((model, variant), np.full(len(self.plan.seeds), np.nan))

    def _values(self, kind: str, metric: str) -> dict[tuple[str, str], np.ndarray]:
        """By model and variant, in the plan's order of seeds."""
        frame: pd.DataFrame = getattr(self, kind)
        if metric not in frame:
            return {}
        places = {seed: place for place, seed in enumerate(self.plan.seeds)}
        found: dict[tuple[str, str], np.ndarray] = defaultdict(lambda: np.full(len(places), np.nan))
        values = frame[metric].to_numpy(dtype=np.float64)
        for model, variant, seed, value in zip(frame["model"], frame["variant"], frame["seed"], values):
            if seed in places:
                found[model, variant][places[seed]] = value
        return dict(found)

    def diagnosed_with(self, diagnostic: str) -> list[dict[str, Any]]:
        """Model, seed, variant, key and metrics of the finished cells of one diagnostic."""
        return self._diagnosed.get(diagnostic, [])

    @cached_property
    def _diagnosed(self) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for record in self.diagnosed.to_dict("records"):
            found[record["diagnostic"]].append({str(name): value for name, value in record.items()})
        return dict(found)

    def arrays(self, key: str) -> Mapping[str, np.ndarray]:
        """What a diagnostic's cell kept."""
        if key not in self._arrays:
            data = self.store.read(key, ["arrays.npz"])["arrays.npz"]
            with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
                self._arrays[key] = dict(arrays)
        return self._arrays[key]

    @cached_property
    def look_states(self) -> dict[tuple[str, str, str], set[str]]:
        """States of the planned looks by diagnostic, model and variant."""
        looks = self.cells[self.cells["kind"] == "diagnose"]
        found: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        for name, model, variant, state in zip(looks["name"], looks["model"], looks["variant"], looks["state"]):
            found[name.rpartition("/")[2], model, variant].add(state)
        return dict(found)

    def count(self, state: str) -> int:
        """How many of the planned cells are in a state."""
        return int((self.cells["state"] == state).sum())


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
            self.trouble[cell.key] = f"{cell.name}, which {_PARTICIPLE[state]}"
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
        known = json.loads(file.read_bytes()) if file.is_file() else {}
        self.provenance.append({"name": cell.name, "kind": cell.kind, **known})


_BESIDE_METRICS = {"train": ["history.json"], "compress": ["history.json", "layers.json"]}
_PARTICIPLE = {
    "failed": "failed",
    "refused": "was refused",
    "damaged": "is damaged",
    "missing": "is missing",
}


def _identity(cell: PlannedCell) -> dict[str, Any]:
    return {"key": cell.key, "model": cell.model, "seed": cell.seed, "variant": cell.variant}


def _frame(rows: list[dict[str, Any]], *always: str) -> pd.DataFrame:
    return pd.DataFrame(rows) if rows else pd.DataFrame(columns=["key", *_ID, *always])
