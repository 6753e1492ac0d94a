"""The contract of a compression method: what it declares, what it is given, what it returns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import ConfigDict

if TYPE_CHECKING:
    from bench.compress.workbench import Workbench
    from bench.footprint.compressed import Compressed

Family = Literal[
    "original",
    "control",
    "quantization",
    "binary",
    "pruning",
    "structured pruning",
    "low rank",
    "product quantization",
    "entropy coding",
]


class NotApplicable(Exception):
    """A method cannot work on this network: one sentence says why. The cell is shown as refused, not as failed."""


@dataclass(frozen=True)
class Method(ABC):
    """A compression method: its settings are fields (validated by their annotations), its behaviour is one call.

    Class attributes:
        version: raised whenever the same settings give another network.
        family: groups methods in figures.
        title: as printed in figures and tables.
        source: citation key in `bench/render/references.bib`; empty for controls.
        start: which network it is given: the trained one, the one trained with the profile's next seed, or a fresh one.
        finetunes: whether it calls `Workbench.finetune`, so that the fine-tuning recipe belongs to its key.
        trains: whether it calls `Workbench.train`, so that the model's own recipe belongs to its key.
        searched: what `python -m bench search` may choose for which setting, from weak to strong compression; None
            where it leaves the method out.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    version: ClassVar[int] = 1
    family: ClassVar[Family]
    title: ClassVar[str]
    source: ClassVar[str] = ""
    start: ClassVar[Literal["original", "other-seed", "random"]] = "original"
    finetunes: ClassVar[bool] = False
    trains: ClassVar[bool] = False
    searched: ClassVar[Mapping[str, tuple[Any, ...]] | None] = None

    @abstractmethod
    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """Compress further; the network given must not be changed, copy it.

        Raises:
            NotApplicable: the method cannot work on this network.
        """

    def settings(self) -> dict[str, Any]:
        """The settings by name, ready for JSON."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True)
class FinetuningMethod(Method):
    """A method that fine-tunes, from labels alone or from a teacher too.

    Args:
        distill: learn the logits of the network that compression started from (Hinton et al. 2015), besides the labels.
    """

    distill: bool = field(default=False, kw_only=True)

    finetunes: ClassVar[bool] = True


def require_unrounded(compressed: Compressed) -> None:
    """Pruning and training come before what fixes the numbers to be stored.

    Raises:
        NotApplicable: a tensor is stored in a way of its own already, which other weights would not fit.
    """
    for name, representation in compressed.representations.items():
        kind = type(representation).__name__.lower()
        raise NotApplicable(f"{name} is stored as {kind} already: prune and train before that")
