"""A cell: the smallest unit of work that is worth keeping, and what determines its result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from bench.runner.sound import key_of

Kind = Literal["train", "compress", "compare", "diagnose", "sensitivity"]


@dataclass(frozen=True)
class Cell:
    """One step of the experiment, as a function from its parents' files to its own.

    Attributes:
        kind: which step it is.
        model, seed, variant: of the network in question; a training has no variant.
        diagnostic: name of the diagnostic; only a diagnosis has one.
        spec: everything that determines its result besides its parents (settings, recipe, versions, data fingerprint),
            as JSON.
        parents: the cells whose files it reads, by the role that they play.
        outside: files of the user's that it reads, by name; the spec holds their hashes and not their paths.
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
        """For people, e.g. `compress/resnet20/3/magnitude:sparsity=0.9`; unique in a plan."""
        return "/".join(filter(None, (self.kind, self.model, str(self.seed), self.variant, self.diagnostic)))

    @property
    def topic(self) -> tuple[str, int, str, str] | None:
        """The same for cells that compute the same of the same references; None if a cell shares nothing."""
        # A comparison prepares the original as well as the compressed network and fits its probes, a diagnosis makes
        # maps of the original and of the controls. All variants of one network are held against the same references, so
        # the worker that has done one variant keeps these results in memory for the next (`bench.remember`).
        return (self.model, self.seed, self.kind, self.diagnostic) if self.kind in ("compare", "diagnose") else None

    @cached_property
    def key(self) -> str:
        """Hash of the kind, the spec and the parents' keys: all that determines the result, and nothing else."""
        # Parents count by their keys, hence by everything that determined them, back to the data's fingerprint. Left
        # out are names, titles and order in the profile, and `topic`, `outside` and `model`, which say nothing that the
        # spec does not: cells of two profiles that ask for the same have one key. Eighty bits are enough: among a
        # million cells the chance that any two share a key is below 1e-12.
        return key_of(self.kind, self.spec, {role: parent.key for role, parent in self.parents.items()})

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
