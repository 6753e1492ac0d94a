"""The contract of a workbench: what a compression method may use besides the network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import torch


class Workbench(Protocol):
    """What a method may use besides the network: training images, a training loop and a seed. Never a test image.

    Where sizes alone are wanted (`python -m bench footprint`) there are no data: batches are noise and fine-tuning does
    nothing.
    """

    seed: int

    @property
    def example(self) -> torch.Tensor:
        """One normalised image, (1, C, H, W) float32."""
        ...

    @property
    def epochs(self) -> float:
        """Of the profile's fine-tuning recipe, for methods that divide them over several rounds."""
        ...

    def initial(self) -> torch.nn.Module | None:
        """A copy of the network as it was before it was trained; None where that is not known (a checkpoint)."""
        ...

    def fresh(self) -> torch.nn.Module:
        """The uncompressed network with initial weights, of the cell's seed."""
        ...

    def train(self, network: torch.nn.Module, *, distill: bool = False) -> tuple[dict[str, float], ...]:
        """Train a fresh network in place with the recipe of the model; leaves it in eval mode.

        Args:
            distill: learn the logits of the network that compression started from, besides the labels.

        Returns:
            See `finetune`.
        """
        ...

    def batches(self, images: int, batch_size: int = 128) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Normalised training images without augmentation, (b, C, H, W) float32, and labels (b,) int64.

        The same images at every call.
        """
        ...

    def finetune(
        self,
        network: torch.nn.Module,
        *,
        epochs: float | None = None,
        learning_rate: float | None = None,
        parameters: Iterable[torch.nn.Parameter] | None = None,
        before_step: Callable[[int, int], None] | None = None,
        after_step: Callable[[int, int], None] | None = None,
        distill: bool = False,
    ) -> tuple[dict[str, float], ...]:
        """Train in place with the profile's fine-tuning recipe; leaves the network in eval mode.

        Args:
            epochs: instead of the recipe's.
            learning_rate: peak, instead of the recipe's.
            parameters: only these are trained; default all.
            before_step, after_step: called with (step, steps) before the forward pass and after the optimizer's step.
            distill: learn the logits of the network that compression started from, besides the labels.

        Returns:
            One row an epoch: epoch, loss, learning_rate, seconds are never in it (results hold no clocks).
        """
        ...
