"""A model under a method without data and without training: sizes, and whether a method works on it at all."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from bench import guests
from bench.compress.budget import Budget
from bench.compress.files import Files, path_of
from bench.compress.method import NotApplicable
from bench.compress.starting import refusals
from bench.compress.variant import Stage, Variant
from bench.errors import InputError
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish
from bench.footprint.packed import pack
from bench.task import DEFAULT, Task, task
from bench.zoo.networks import build
from bench.zoo.networks import checkpoint as checkpoints
from bench.zoo.networks.catalogue import DETECTION, is_detector, usual
from bench.zoo.networks.plain import plain

SEED = 0
SEEN = 128  # pixels along each side of the images that detectors see while they are compressed, at most


class WithoutData:
    """A workbench whose images are noise and whose fine-tuning does nothing: sizes do not depend on either."""

    seed = SEED
    epochs = 0.0

    def __init__(self, model: str, channels: int, classes: int, size: int):
        self.model, self.shape, self.classes = model, (channels, size, size), classes
        self.task = _task_of(model)

    @property
    def example(self) -> torch.Tensor:
        """One image of zeros, (1, C, H, W) float32."""
        return torch.zeros(1, *self.shape)

    def divided(self, epochs: float, parts: int) -> list[float]:
        """See Workbench; nothing is trained."""
        return [epochs / parts] * parts

    def initial(self) -> torch.nn.Module:
        """The network with random weights."""
        return self.fresh()

    def original(self) -> torch.nn.Module:
        """The network with random weights."""
        return self.fresh()

    def fresh(self) -> torch.nn.Module:
        """The network with random weights."""
        channels, size, _ = self.shape
        return plain(build.build(self.model, channels, self.classes, size, self.seed))

    def train(
        self,
        network: torch.nn.Module,
        *,
        distill: bool = False,
        after_step: Callable[[int, int], None] | None = None,
    ) -> tuple[dict[str, float], ...]:
        """Leaves the network as it is."""
        network.eval()
        return ()

    def file(self, setting: Files) -> tuple[str, bytes]:
        """See Workbench."""
        path = path_of(setting, self.model, self.seed)
        return path.name, path.read_bytes()

    def was_trained(self, budget: Budget) -> None:
        """Counts nothing."""

    def batches(self, images: int, batch_size: int = 128) -> Iterator[tuple[torch.Tensor, Any]]:
        """At most 8 images of noise, however many are asked for."""
        # few are enough: calibration finds some range, greedy choices some channels, and no size depends on which
        generator = torch.Generator().manual_seed(self.seed)
        count = min(images, batch_size, 8)
        noise = torch.randn(count, *self.shape, generator=generator)
        labels = torch.randint(self.classes, (count,), generator=generator)
        yield noise, self._objects(labels) if is_detector(self.model) else labels

    def _objects(self, labels: torch.Tensor) -> list[dict[str, torch.Tensor]]:
        """An object in the middle of each image."""
        _, height, width = self.shape
        inside = torch.zeros(1, height, width, dtype=torch.uint8)
        inside[:, height // 4 : 3 * height // 4, width // 4 : 3 * width // 4] = 1
        box = torch.tensor([[width // 4, height // 4, 3 * width // 4, 3 * height // 4]], dtype=torch.float32)
        return [{"boxes": box, "labels": label.clamp(min=1)[None], "masks": inside} for label in labels]

    def loss(self, network: torch.nn.Module, images: torch.Tensor, targets: Any) -> torch.Tensor:
        """The task's, with random targets."""
        return self.task.loss(self.task.forward(network, images, targets), targets)

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
        """Leaves the network as it is."""
        network.eval()
        return ()


def _task_of(model: str) -> Task:
    return task(DETECTION if is_detector(model) else DEFAULT)


def _sooner(variant: Variant) -> Variant:
    """A variant of the same size, by the settings that its method declares for that."""
    # Behind it in a chain, entropy coding may make more or fewer bytes of other codes.
    if len(variant.stages) > 1:
        return variant
    (stage,) = variant.stages
    chosen = dict(stage.chosen) | dict(stage.method.sizes_alone)
    return Variant((Stage(stage.name, tuple(chosen.items())),))


@dataclass(frozen=True)
class Subject:
    """A model under a method, with the shape of its images and the number of its classes.

    Attributes:
        classes, size: default to torchvision's (1000, its detectors 91; 224 pixels) or timm's own, else 10 and 32.
        checkpoint: weights to use instead of random ones.
    """

    model: str
    variant: Variant
    channels: int = 3
    classes: int | None = None
    size: int | None = None
    checkpoint: Path | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of an image."""
        size = self.size or usual(self.model)[1]
        return self.channels, size, size

    @property
    def seen(self) -> tuple[int, int, int]:
        """Channels, height and width of the images that a method looks at."""
        # Feature maps of 800 pixels take forty times as long as those of 128. What is stored depends on the size as
        # little as on what noise shows.
        size = min(self.shape[-1], SEEN) if is_detector(self.model) else self.shape[-1]
        return self.channels, size, size

    @property
    def outputs(self) -> int:
        """Number of classes."""
        return self.classes or usual(self.model)[0]

    @property
    def task(self) -> Task:
        """Detection for detectors, else classification."""
        return _task_of(self.model)

    def fresh(self) -> torch.nn.Module:
        """The model with random weights."""
        return build.build(self.model, self.channels, self.outputs, self.shape[-1], SEED)

    def worked_on(self) -> torch.nn.Module:
        """The model with the same weights, for the images that a method looks at."""
        return build.build(self.model, self.channels, self.outputs, self.seen[-1], SEED)

    def compressed(self) -> Compressed:
        """What the method makes of the model, ready to be packed.

        Raises:
            InputError: no such model, method or setting; a checkpoint that does not fit; a method that cannot work on
                the model.
        """
        workbench = WithoutData(self.model, self.channels, self.outputs, self.seen[-1])
        by_guest = any(guests.is_guest(stage.name) for stage in self.variant.stages)
        try:
            # what a method prints is no part of the answer
            with contextlib.redirect_stdout(sys.stderr), refusals():
                network = self.worked_on()
                if self.checkpoint:
                    checkpoints.load_checkpoint(network, self.checkpoint)
                return finish(_sooner(self.variant).apply(Compressed(network, example=workbench.example), workbench))
        except NotApplicable as reason:
            raise InputError(f"{self.variant.label} does not work on {self.model}: {reason}") from reason
        except InputError:
            raise
        except BaseException as error:
            if not by_guest or isinstance(error, KeyboardInterrupt):
                raise
            raise InputError(f"{self.variant.label} fails on {self.model}: {guests.sentence(error)}") from error

    def description(self) -> dict[str, Any]:
        """What a packed file says of the model."""
        return {"name": self.model, "channels": self.channels, "classes": self.outputs, "size": self.shape[-1]}

    def packed(self) -> bytes:
        """The packed file of the model under the method.

        Raises:
            InputError: see `compressed`.
        """
        return pack(self.compressed(), self.description())
