"""The contract of a workbench: what a compression method may use besides the network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

from bench.compress.budget import Budget
from bench.compress.files import Files

if TYPE_CHECKING:
    import torch


class Workbench(Protocol):
    """Training images, a training loop and a seed. A method never sees a validation or test image.

    `python -m bench footprint` and `micronet`, which want sizes alone, work without data: there batches are noise, and
    `finetune` and `train` leave the network as it is.

    Attributes:
        seed: of the cell; everything that a method draws at random must come from it.
    """

    seed: int

    @property
    def example(self) -> torch.Tensor:
        """One normalised image, (1, C, H, W) float32."""
        ...

    @property
    def epochs(self) -> float:
        """Length of the profile's fine-tuning recipe, for methods that divide it into several rounds."""
        ...

    def divided(self, epochs: float, parts: int) -> list[float]:
        """So many epochs in parts for one training each, which have whole steps and take as many in all as one would.

        With more parts than steps, some parts are 0.
        """
        ...

    def initial(self) -> torch.nn.Module | None:
        """A copy of the network as it was before training; None if unknown, as for a checkpoint."""
        ...

    def original(self) -> torch.nn.Module | None:
        """A copy of the network that the first method of the chain was given; None if that was never trained."""
        ...

    def fresh(self) -> torch.nn.Module:
        """A new copy of the uncompressed network with initial weights, drawn from the cell's seed."""
        ...

    def train(
        self,
        network: torch.nn.Module,
        *,
        distill: bool = False,
        after_step: Callable[[int, int], None] | None = None,
    ) -> tuple[dict[str, float], ...]:
        """Train a fresh network in place with the model's own recipe; leaves it in eval mode.

        Only a method that declares `trains` may call this.

        Args:
            distill: learn the outputs of the network that compression started from, besides the targets.
            after_step: see `finetune`.

        Returns:
            One row per epoch, see `finetune`.
        """
        ...

    def file(self, setting: Files) -> tuple[str, bytes]:
        """Name and content of a file that one of the method's settings names (see `Method.outside`).

        Raises:
            InputError: there is none.
        """
        ...

    def was_trained(self, budget: Budget) -> None:
        """Count what was trained before the benchmark had the network, in epochs, as if it had been trained here."""
        ...

    def batches(self, images: int, batch_size: int = 128) -> Iterator[tuple[torch.Tensor, Any]]:
        """Normalised training images without augmentation, (b, C, H, W) float32, and their targets, which `loss` takes.

        Every call yields the same images.

        Args:
            images: how many in all; fewer if the training set is smaller.
        """
        ...

    def loss(self, network: torch.nn.Module, images: torch.Tensor, targets: Any) -> torch.Tensor:
        """What the task's training minimises, a scalar, mean over a batch of `batches`; leaves the network's mode."""
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

        Only a method that declares `finetunes` may call this.

        Args:
            epochs: instead of the recipe's.
            learning_rate: peak, instead of the recipe's.
            parameters: train these alone; default all.
            before_step, after_step: called with (step, steps), before the forward pass and after the optimizer's step.
                One marked by `bench.training.hooks.to_the_end` has the last epoch's network kept, whatever the recipe
                keeps.
            distill: learn the outputs of the network that compression started from, besides the targets.

        Returns:
            One row per epoch: "epoch" (from 1), "loss" (mean over its steps) and "learning_rate" (at its last step).
            Rows hold no times, because the same profile must give the same results.
        """
        ...


def divided(workbench: Workbench, epochs: float, parts: int) -> list[float]:
    """So many epochs in parts, see `Workbench.divided`; all in one part need no workbench."""
    return [epochs] if parts == 1 else workbench.divided(epochs, parts)
