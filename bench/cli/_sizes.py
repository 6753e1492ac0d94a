"""The footprint of any model under any method, without data and without training."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from bench import guests
from bench.compress.method import NotApplicable
from bench.compress.variant import Variant, parse, with_settings
from bench.errors import InputError
from bench.footprint.compressed import Compressed
from bench.footprint.cost import cost
from bench.footprint.fold import finish
from bench.footprint.micronet import micronet
from bench.footprint.packed import pack, sizes
from bench.task.classification import CLASSIFICATION
from bench.zoo.networks import build
from bench.zoo.networks import checkpoint as checkpoints
from bench.zoo.networks.catalogue import usual
from bench.zoo.networks.plain import plain

SEED = 0


class WithoutData:
    """A workbench whose images are noise and whose fine-tuning does nothing: sizes do not depend on either."""

    seed = SEED
    epochs = 0.0

    def __init__(self, model: str, channels: int, classes: int, size: int):
        self.model, self.shape, self.classes = model, (channels, size, size), classes

    @property
    def example(self) -> torch.Tensor:
        """One image of zeros, (1, C, H, W) float32."""
        return torch.zeros(1, *self.shape)

    def initial(self) -> torch.nn.Module:
        """The network with random weights."""
        return self.fresh()

    def fresh(self) -> torch.nn.Module:
        """The network with random weights."""
        channels, size, _ = self.shape
        return plain(build.build(self.model, channels, self.classes, size, self.seed))

    def train(self, network: torch.nn.Module, *, distill: bool = False) -> tuple[dict[str, float], ...]:
        """Leaves the network as it is."""
        network.eval()
        return ()

    def batches(self, images: int, batch_size: int = 128) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """At most 8 images of noise, however many are asked for."""
        # few are enough: calibration finds some range, greedy choices some channels, and no size depends on which
        generator = torch.Generator().manual_seed(self.seed)
        count = min(images, batch_size, 8)
        noise = torch.randn(count, *self.shape, generator=generator)
        yield noise, torch.randint(self.classes, (count,), generator=generator)

    def loss(self, network: torch.nn.Module, images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Cross-entropy with random labels."""
        return CLASSIFICATION.loss(network(images), targets)

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
    def outputs(self) -> int:
        """Number of classes."""
        return self.classes or usual(self.model)[0]

    def fresh(self) -> torch.nn.Module:
        """The model with random weights."""
        return build.build(self.model, self.channels, self.outputs, self.shape[-1], SEED)

    def packed(self) -> bytes:
        """The packed file of the model under the method.

        Raises:
            InputError: no such model, method or setting; a checkpoint that does not fit; a method that cannot work on
                the model.
        """
        workbench = WithoutData(self.model, self.channels, self.outputs, self.shape[-1])
        network = self.fresh()
        if self.checkpoint:
            checkpoints.load_checkpoint(network, self.checkpoint)
        compressed = Compressed(network, example=workbench.example)
        by_guest = any(guests.is_guest(stage.name) for stage in self.variant.stages)
        try:
            with contextlib.redirect_stdout(sys.stderr):  # what a method prints is no part of the answer
                compressed = self.variant.apply(compressed, workbench)
        except NotApplicable as reason:
            raise InputError(f"{self.variant.label} does not work on {self.model}: {reason}") from reason
        except BaseException as error:
            if not by_guest or isinstance(error, KeyboardInterrupt):
                raise
            raise InputError(f"{self.variant.label} fails on {self.model}: {guests.sentence(error)}") from error
        description = {"name": self.model, "channels": self.channels, "classes": self.outputs, "size": self.shape[-1]}
        return pack(finish(compressed), description)


def subject(options: argparse.Namespace) -> Subject:
    """The subject that `_options.add_subject` asks for.

    Raises:
        InputError: no such method or setting, or a chain in an order that makes no sense.
    """
    variant = with_settings(parse(options.method), options.settings)
    variant.check()
    return Subject(options.model, variant, options.channels, options.classes, options.size, options.checkpoint)


def footprint(subject: Subject) -> dict[str, Any]:
    """Bytes and operations of a model under a method or chain.

    Returns:
        Totals of the packed file and of one forward pass at batch 1, and "layers", one row per stored tensor.

    Raises:
        InputError: see `Subject.packed`.
    """
    packed = subject.packed()
    stored = sizes(packed)
    return {
        "model": subject.model,
        "method": subject.variant.label,
        "payload_bytes": stored.payload_bytes,
        "file_bytes": stored.file_bytes,
        **asdict(cost(packed, subject.fresh(), (1, *subject.shape))),
        "layers": [asdict(layer) for layer in stored.layers],
    }


def micronet_score(subject: Subject) -> dict[str, Any]:
    """The score of a model under a method or chain by the rules of the MicroNet challenge, with its parts.

    Raises:
        InputError: see `Subject.packed`.
    """
    counted = micronet(subject.packed(), subject.fresh(), (1, *subject.shape))
    return {
        "model": subject.model,
        "method": subject.variant.label,
        **asdict(counted),
        "operations": counted.operations,
        "score": counted.score,
    }


def as_text(report: dict[str, Any]) -> str:
    """A footprint as lines of text."""
    layers = report.get("layers", [])
    totals = {name: value for name, value in report.items() if name != "layers"}
    width = max(map(len, totals))
    lines = [f"{name.replace('_', ' '):{width}}  {_number(value)}" for name, value in totals.items()]
    lines += [f"  {layer['name']:40} {layer['payload_bytes']:>12,} B  {layer['layout']}" for layer in layers]
    return "\n".join(lines)


def _number(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
