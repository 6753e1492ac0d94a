"""Two of every four neighbouring weights survive, then these are trained (Mishra et al. 2021, ASP)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import AfterValidator, Field, ValidationInfo

from bench.compress import pruning
from bench.compress.budget import Budget
from bench.compress.method import FinetuningMethod, NotApplicable
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed

if TYPE_CHECKING:
    import torch


def _more_than_survive(m: int, info: ValidationInfo) -> int:
    if m <= info.data.get("n", 0):
        raise ValueError("must be more than n, the weights that survive")
    return m


@dataclass(frozen=True)
class TwoFour(FinetuningMethod):
    """Of every m neighbours along input channels, at one kernel position of one filter, the n largest survive.

    The survivors are trained with their zeros kept. Packed files store a pattern per group (see
    `bench.footprint.codecs.two_four`). Layers stay dense whose output channels are no multiple of 8 or whose input
    channels (of one group) are no multiple of `multiple`: as a rule the first, the last, and depthwise ones.

    Source: Accelerating Sparse Deep Neural Networks; and ASP, the authors' code, which asks for multiples of 16 input
    channels. There training is repeated as it was: give its `epochs` and `learning_rate`.

    Args:
        n: neighbours that survive.
        m: neighbours in a group.
        multiple: of input channels.
        epochs: of training afterwards; default the fine-tuning recipe's, 0 for none.
        learning_rate: peak, instead of the fine-tuning recipe's.
    """

    n: Annotated[int, Field(ge=1)] = 2
    m: Annotated[int, Field(ge=2, le=16, validate_default=True), AfterValidator(_more_than_survive)] = 4
    multiple: Annotated[int, Field(ge=1)] = 8
    epochs: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    learning_rate: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None

    family = "pruning"
    title = "N:M sparsity"
    source = "mishra2021accelerating"
    searched: ClassVar = {"n": (3, 2, 1)}

    def budget(self, finetuning: float, training: float) -> Budget:
        """See Method."""
        return Budget(finetuned=finetuning if self.epochs is None else self.epochs)

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        scores = {name: weight.detach().abs() for name, weight in self._layers(compressed.network).items()}
        masks = {name: pruning.allocation.n_of_m(score, self.n, self.m) for name, score in scores.items()}
        return pruning.masking.retrained(
            pruning.masking.pruned(compressed, masks),
            workbench,
            distill=self.distill,
            epochs=self.epochs,
            learning_rate=self.learning_rate,
        )

    def _layers(self, network: torch.nn.Module) -> dict[str, torch.nn.Parameter]:
        """Weights (Cout, Cin, ...) of the layers whose channels are such multiples."""
        layers = {
            name: weight
            for name, weight in pruning.masking.prunable(network, transposed=False).items()
            if weight.shape[0] % 8 == 0 and weight.shape[1] % self.multiple == 0 and weight.shape[1] >= self.m
        }
        if not layers:
            raise NotApplicable(
                f"it has no layer whose output channels are a multiple of 8 and whose input channels are one of "
                f"{self.multiple} and at least {self.m}"
            )
        return layers
