"""A cell: the smallest unit of work that is worth keeping, and what determines its result."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

Kind = Literal["train", "compress", "compare", "diagnose"]


@dataclass(frozen=True)
class Cell:
    """One step of the experiment, as a function from its parents' files to its own.

    Attributes:
        kind: which step it is.
        model, seed, variant: what it is about; a training has no variant.
        diagnostic: which look inside, of a diagnosis.
        spec: everything of its own that determines its result (settings, recipe, versions, data fingerprint), as JSON.
        parents: the cells whose files it reads, by the role they play.
        outside: files of the user's that it reads, by name; their hashes are in the spec, their places are not.
    """

    kind: Kind
    model: str
    seed: int
    variant: str = ""
    spec: Mapping[str, Any] = field(default_factory=dict)
    parents: Mapping[str, Cell] = field(default_factory=dict)
    outside: Mapping[str, Path] = field(default_factory=dict)
    diagnostic: str = ""

    @property
    def name(self) -> str:
        """What people call it, e.g. `compress/resnet20/3/magnitude:sparsity=0.9`; unique in a plan."""
        return "/".join(filter(None, (self.kind, self.model, str(self.seed), self.variant, self.diagnostic)))

    @property
    def topic(self) -> tuple[str, int, str] | None:
        """What cells share that ask the same of the same references, and a worker remembers; None without any."""
        return (self.model, self.seed, self.diagnostic) if self.diagnostic else None

    @cached_property
    def key(self) -> str:
        """Hash of the kind, the spec and the parents' keys: of nothing that has no part in the result."""
        parents = {role: parent.key for role, parent in sorted(self.parents.items())}
        text = json.dumps({"kind": self.kind, "spec": self.spec, "parents": parents}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:20]

    def as_dict(self) -> dict[str, Any]:
        """The cell's `spec.json`: its identity in full, in JSON."""
        return {
            "key": self.key,
            "kind": self.kind,
            "model": self.model,
            "seed": self.seed,
            "variant": self.variant,
            "diagnostic": self.diagnostic,
            "spec": dict(self.spec),
            "parents": {role: parent.key for role, parent in sorted(self.parents.items())},
        }
