"""`runs/<profile>/` as plain data frames: one row per cell, epoch or layer; arrays are read when asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from bench.data import kept_test_images
from bench.data.image_set import Images
from bench.diagnose.sensitivity.records import Joint, Single
from bench.folders import Damaged
from bench.profile import Theme
from bench.remember import Memory
from bench.runner.plan_file import PlanFile, PlannedCell, read
from bench.runner.sound import ERROR, Identity, folders_of
from bench.runner.store import PROVENANCE, Store

# Why a cell has no result, the worst first, and how a sentence says so.
HOLES = {"failed": "failed", "refused": "was refused", "damaged": "is damaged", "missing": "is missing"}
_ID = ["model", "seed", "variant"]
PREDICTIONS = 2**27  # bytes of them that stay in memory: figures and tables ask for each network's again and again


@dataclass(frozen=True)
class Results:
    """Everything that was measured, as it lies in one `runs/<profile>/`.

    Attributes:
        cells: name, key, kind, model, seed, variant, state ("done" or one of `HOLES`), reason; in the plan's order.
        trained, compressed, compared: model, seed, variant and the metrics of each finished cell of that kind.
        diagnosed: likewise, with the diagnostic's name.
        history: model, seed, variant, kind, epoch, loss, ...; one row per epoch.
        layers: model, seed, variant, name, layout, bits, payload_bytes, sparsity; one row per stored layer.
        sensed: as trained, of each original's sensitivity.
        singles, joints: model, seed and the fields of `bench.diagnose.sensitivity.records`.
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
    sensed: pd.DataFrame
    singles: pd.DataFrame
    joints: pd.DataFrame
    provenance: pd.DataFrame
    strangers: int
    _arrays: dict[str, Mapping[str, np.ndarray]] = field(default_factory=dict, repr=False)
    _predictions: Memory = field(default_factory=lambda: Memory(PREDICTIONS), repr=False)

    @cached_property
    def _done(self) -> dict[tuple[str, str, str], dict[int, Mapping[Any, Any]]]:
        """Key and metrics of finished cells, by kind, model and variant, then by seed."""
        done: dict[tuple[str, str, str], dict[int, Mapping[Any, Any]]] = defaultdict(dict)
        for kind, frame in (("compressed", self.compressed), ("compared", self.compared)):
            for record in frame.to_dict("records"):
                done[kind, record["model"], record["variant"]][record["seed"]] = record
        return dict(done)

    def by_seed(self, kind: str, metric: str, model: str, variant: str) -> np.ndarray:
        """(S,) a metric of a finished cell's kind, "compressed" or "compared"; NaN for a seed without a result."""
        cells = self._done.get((kind, model, variant), {})
        values = [cells[seed].get(metric) if seed in cells else None for seed in self.plan.seeds]
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64)

    def similarity(self, model: str, variant: str, seed: int, names: Iterable[str]) -> dict[str, np.ndarray] | None:
        """The arrays of a comparison that exist among `names`; None if the cell is not done."""
        cell = self._done.get(("compared", model, variant), {}).get(seed)
        return self._load(cell["key"], "similarity.npz", names) if cell else None

    def logits(self, model: str, variant: str) -> dict[int, tuple[np.ndarray, np.ndarray]]:
        """By finished seed: (n, classes) logits of the packed file on the test images, and (n,) labels.

        Empty if the task keeps other predictions.
        """
        cells, names = self._done.get(("compressed", model, variant), {}), ("test_logits", "test_labels")
        seeds = [seed for seed in self.plan.seeds if seed in cells]
        answers = {seed: self._answers(cells[seed]["key"]) for seed in seeds}
        return {
            seed: (arrays["test_logits"], arrays["test_labels"])
            for seed, arrays in answers.items()
            if set(names) <= set(arrays)
        }

    def predictions(
        self, model: str, variant: str, seed: int, *, split: Literal["test", "validation"] = "test"
    ) -> dict[str, np.ndarray] | None:
        """A packed file's predictions on a split's images with their truth, by the task's names.

        None if there are none of that split.
        """
        cell = self._done.get(("compressed", model, variant), {}).get(seed)
        if cell is None:
            return None
        arrays, prefix = self._answers(cell["key"]), f"{split}_"
        return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)} or None

    def _answers(self, key: str) -> Mapping[str, np.ndarray]:
        """A packed file's predictions on every split; read only."""
        return self._predictions.once(key, lambda: self._read_only(key, "predictions.npz"))

    def _read_only(self, key: str, file: str) -> dict[str, np.ndarray]:
        arrays = self._load(key, file)
        for array in arrays.values():
            array.flags.writeable = False
        return arrays

    @cached_property
    def test_images(self) -> Images | None:
        """(n, C, H, W) uint8 from the image cache beside the runs; None if it is gone."""
        return kept_test_images(self.plan.data.content, self.store.folder.parent / ".data")

    @cached_property
    def _diagnosed(self) -> dict[str, list[dict[str, Any]]]:
        cells: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for record in self.diagnosed.to_dict("records"):
            cells[record["diagnostic"]].append({str(name): value for name, value in record.items()})
        return dict(cells)

    def diagnosed_with(self, diagnostic: str) -> list[dict[str, Any]]:
        """Model, seed, variant, key and metrics of the finished cells of one diagnostic."""
        return self._diagnosed.get(diagnostic, [])

    def arrays(self, key: str) -> Mapping[str, np.ndarray]:
        """What a diagnostic's cell stored, by name."""
        if key not in self._arrays:
            self._arrays[key] = self._load(key, "arrays.npz")
        return self._arrays[key]

    def _load(self, key: str, file: str, names: Iterable[str] = ()) -> dict[str, np.ndarray]:
        """Arrays of a cell's file: all, or those among `names` that exist."""
        return self.store.arrays(key, file, names)

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

    def distinct(self, fact: str) -> str:
        """All values of a provenance field in words, sorted; a single one if all cells ran alike."""
        recorded = self.provenance[fact].dropna().tolist() if fact in self.provenance else []
        return "; ".join(sorted(set(map(_word, recorded)))) or "not recorded"

    @property
    def commits(self) -> set[str]:
        """Of the code that computed the cells, as far as it was recorded."""
        recorded = self.provenance["commit"].dropna() if "commit" in self.provenance else ()
        return {commit for commit in map(str, recorded) if commit}

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
    return gathered(plan, store)


def gathered(plan: PlanFile, store: Store) -> Results:
    """What a store holds of a plan's cells; a store need not lie on a disk, see `bench/calibrate/`."""
    primary = plan.task.primary.test
    rows: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)  # by kind of cell, or by frame
    trouble: dict[str, str] = {}  # by key: why a cell has no result; parents come before children
    named = folders_of(plan.cells)
    for cell in plan.cells:
        about = {"key": cell.key, "model": cell.model, "seed": cell.seed, "variant": cell.variant}
        # A cell whose files changed since they were written is a hole like any other: the report never prints a number
        # that is not the one that was measured.
        state, reason, files = _examined(store, cell, named, trouble)
        if state == "done":
            look = {"diagnostic": cell.diagnostic} if cell.diagnostic else {}
            rows[cell.kind].append({**about, **look, **files["metrics.json"]})
            rows["history"] += [{**about, "kind": cell.kind, **row} for row in files.get("history.json", [])]
            rows["layers"] += [{**about, **row} for row in files.get("layers.json", [])]
            rows["singles"] += [{**about, **row} for row in files.get("curves.json", [])]
            rows["joints"] += [{**about, **row} for row in files.get("joint.json", [])]
        else:
            trouble[cell.key] = f"{cell.name}, which {HOLES[state]}"
        if state not in ("missing", "damaged"):
            rows["provenance"].append({"name": cell.name, "kind": cell.kind, **files[PROVENANCE]})
        rows["cells"].append({**about, "name": cell.name, "kind": cell.kind, "state": state, "reason": reason})
    planned = {cell.key for cell in plan.cells}
    return Results(
        plan=plan,
        store=store,
        cells=pd.DataFrame(rows["cells"], columns=["name", "key", "kind", *_ID, "state", "reason"]),
        trained=_frame(rows["train"], primary),
        compressed=_frame(rows["compress"], primary),
        compared=_frame(rows["compare"], primary),
        diagnosed=_frame(rows["diagnose"], "diagnostic"),
        history=_frame(rows["history"], "epoch"),
        layers=_frame(rows["layers"], "name"),
        sensed=_frame(rows["sensitivity"]),
        singles=_frame(rows["singles"], *(field.name for field in fields(Single))),
        joints=_frame(rows["joints"], *(field.name for field in fields(Joint))),
        provenance=pd.json_normalize(rows["provenance"])
        if rows["provenance"]
        else pd.DataFrame(columns=["name", "kind"]),
        strangers=sum(1 for key in store.keys() if key not in planned),  # noqa: SIM118 - a Store is no mapping
    )


def _examined(
    store: Store, cell: PlannedCell, named: Mapping[Identity, str], trouble: Mapping[str, str]
) -> tuple[str, str, dict[str, Any]]:
    """A cell's state, why it is not done, and its JSON files."""
    if not store.has(cell.key):
        blame = next((trouble[parent] for parent in cell.parents.values() if parent in trouble), "")
        return "missing", f"needs {blame}" if blame else "has not been run", {}
    try:
        files = store.examine(cell, named)
    except Damaged as damage:
        return "damaged", str(damage).replace(f"{store.folder}/", ""), {}
    error = files.get(ERROR)
    return (error["kind"], error["reason"], files) if error else ("done", "", files)


def _frame(rows: list[dict[str, Any]], *always: str) -> pd.DataFrame:
    return pd.DataFrame(rows) if rows else pd.DataFrame(columns=["key", *_ID, *always])


def _word(fact: object) -> str:
    if isinstance(fact, bool):
        return "yes" if fact else "no"
    return f"{fact:g}" if isinstance(fact, float) else str(fact)
