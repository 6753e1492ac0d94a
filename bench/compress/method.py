"""The contract of a compression method: what it declares, what it takes, what it returns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Literal

from pydantic import ConfigDict

from bench.compress.budget import Budget
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


class NotApplicable(Exception):
    """A method cannot work on this network: one sentence says why. The cell is shown as refused, not as failed."""


def first_line(error: Exception) -> str:
    """What another library's error says, in one line of at most 200 characters, with its kind if it says nothing."""
    text = str(error).strip().partition("\n")[0][:200]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


@dataclass(frozen=True)
class Method(ABC):
    """A compression method: a frozen dataclass whose fields are its settings and whose behaviour is one call.

    Settings are validated by their annotations, and a method keeps no state beyond them. The call takes a `Compressed`
    (the network, how its tensors will be stored, the masks of earlier pruning) and returns another; in a chain that is
    what the next method is given. A method of one's own is complete with a family, a title and the call:

    >>> import torch
    >>> from copy import deepcopy
    >>> from typing import Annotated
    >>> from pydantic import Field
    >>> from bench.footprint.compressed import Compressed
    >>> @dataclass(frozen=True)
    ... class Clipped(Method):
    ...     limit: Annotated[float, Field(gt=0)] = 1.0
    ...     family = "quantization"
    ...     title = "Clipped weights"
    ...     def __call__(self, compressed, workbench):
    ...         network = deepcopy(compressed.network)
    ...         with torch.no_grad():
    ...             for parameter in network.parameters():
    ...                 parameter.clamp_(-self.limit, self.limit)
    ...         return compressed.but(network=network)
    >>> layer = torch.nn.Linear(2, 1, bias=False)
    >>> _ = layer.weight.data.copy_(torch.tensor([[3.0, -0.25]]))
    >>> clipped = Clipped(limit=0.5)
    >>> clipped(Compressed(layer), workbench=None).network.weight.tolist()
    [[0.5, -0.25]]
    >>> clipped.settings()
    {'limit': 0.5}

    Such a class alone in `bench/compress/methods/clipped.py` is the method `clipped`. Listing methods and
    planning a run must be quick, so PyTorch is imported inside the call there; the engines are packages such as
    `bench.compress.pruning`, whose modules are imported when they are first used, as `pruning.masking.apply(...)`.

    Class attributes:
        version: must be raised whenever the same settings give another network, so that old results are not reused.
        revision: raised in its place if the settings give another network only of those from elsewhere, whose names
            have a colon: the results of the zoo's networks are kept.
        family: groups methods in tables and figures. There are "quantization", "binary", "pruning", "structured
            pruning", "low rank", "product quantization" and "entropy coding"; another name makes a family of its own.
            "original" and "control" are for methods that compress nothing.
        title: as printed in figures and tables.
        controls: whether a chain in which it stands is a control, whatever the methods before it do.
        source: BibTeX key; empty for controls, or to cite all of `bibtex`.
        bibtex: BibTeX entries that no `bench/*/references.bib` has.
        start: which network the method is given: the trained one, the one trained with the profile's next seed, or a
            fresh one.
        finetunes: whether the method calls `Workbench.finetune`. If so, the fine-tuning recipe is part of its key.
        trains: whether the method calls `Workbench.train`. If so, the model's own recipe is part of its key.
            One that trains more or less than by its recipe once says so in `budget`.
        searched: the values that `python -m bench search` may choose for each setting, from weak to strong
            compression; None leaves the method out of the search.
        keeps_zeros: whether weights that were pruned before may stay zero: the search puts no pruning before others.
        outside: names of the settings that are paths of the user's files (see `bench.compress.files`). The method gets
            their content by `Workbench.file`; it is part of the key of a cell, and the path is not.
        sizes_alone: settings under which the method's file takes as many bytes, made sooner: for a footprint without
            data, whose weights mean nothing.
        networks: those among `outside` whose files hold the network of a seed: no two seeds may have the same.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    version: ClassVar[int] = 1
    revision: ClassVar[int] = 0
    family: ClassVar[str]
    title: ClassVar[str]
    controls: ClassVar[bool] = False
    source: ClassVar[str] = ""
    bibtex: ClassVar[str] = ""
    start: ClassVar[Literal["original", "other-seed", "random"]] = "original"
    finetunes: ClassVar[bool] = False
    trains: ClassVar[bool] = False
    searched: ClassVar[Mapping[str, tuple[Any, ...]] | None] = None
    keeps_zeros: ClassVar[bool] = True
    sizes_alone: ClassVar[Mapping[str, Any]] = {}
    outside: ClassVar[tuple[str, ...]] = ()
    networks: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """Compress further. Must not change the network it is given: copy that first.

        Args:
            compressed: what training, or the method before in a chain, made.
            workbench: training images, a training loop and a seed.

        Raises:
            NotApplicable: the method cannot work on this network.
        """

    @property
    def printed_title(self) -> str:
        """The title, with what must be said of a policy that the chosen settings leave unsaid."""
        return self.title

    def budget(self, finetuning: float, training: float) -> Budget:
        """Epochs that the call trains for: from it the plan knows which controls are needed, one for each length.

        Cells record what was trained in truth, and the report goes by that. A method that trains by its recipe, once,
        need not declare it.

        Args:
            finetuning: epochs of the fine-tuning recipe.
            training: epochs of the model's own recipe.
        """
        return Budget(finetuning if self.finetunes else 0, training if self.trains else 0)

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
    """Refuse a network some of whose stored numbers are fixed already: pruning and training must come before that.

    Raises:
        NotApplicable: a tensor has a representation (integers, signs, a codebook), which other weights would not fit.
    """
    for name, representation in compressed.representations.items():
        kind = type(representation).__name__.lower()
        raise NotApplicable(f"{name} is stored as {kind} already: prune and train before that")
