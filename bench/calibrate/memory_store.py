"""A store of cells that never touches a disk, so that invented studies pass through the analysis of a report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bench.folders import Damaged
from bench.runner.sound import Identified, Identity
from bench.runner.store import PROVENANCE, Files, Store, to_json


@dataclass
class CellFiles:
    """One finished cell.

    Attributes:
        json: its JSON files by name, as plain data.
        arrays: its `.npz` files by name, each with its arrays by name.
    """

    json: Mapping[str, Any]
    arrays: Mapping[str, Mapping[str, np.ndarray]] = field(default_factory=dict)


class MemoryStore(Store):
    """Finished cells by key, read as those on disk are."""

    def __init__(self, cells: Mapping[str, CellFiles]):
        super().__init__(Path("invented"))
        self.cells = cells

    def has(self, key: str) -> bool:
        """See `Store.has`."""
        return key in self.cells

    def error(self, key: str) -> dict[str, str] | None:
        """See `Store.error`; no invented cell fails."""
        return None

    def keys(self) -> Iterator[str]:
        """See `Store.keys`."""
        yield from sorted(self.cells)

    def read(self, key: str, names: Iterable[str] | None = None) -> Files:
        """See `Store.read`; JSON files alone."""
        files = self.cells[key].json
        try:
            return {name: to_json(files[name]) for name in (files if names is None else names)}
        except KeyError as error:
            raise Damaged(f"{key} has no file {error}") from error

    def arrays(self, key: str, file: str, names: Iterable[str] = ()) -> dict[str, np.ndarray]:
        """See `Store.arrays`."""
        try:
            arrays = self.cells[key].arrays[file]
        except KeyError as error:
            raise Damaged(f"{key} has no file {file}") from error
        return {name: arrays[name] for name in names or arrays if name in arrays}

    def examine(self, cell: Identified, planned: Mapping[Identity, str]) -> dict[str, Any]:
        """See `Store.examine`; what was never written needs no check."""
        return {**self.cells[cell.key].json, PROVENANCE: self.provenance(cell.key)}

    def provenance(self, key: str) -> dict[str, Any]:
        """See `Store.provenance`."""
        return {}
