"""A changed network beside its original on the same images: loss, accuracy, agreement, similarity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
import torch
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd

from bench.compress.normalization.running_statistics import normalisations, take_again
from bench.data.image_set import Split
from bench.diagnose.networks import seeded
from bench.diagnose.taps import Taps
from bench.errors import InputError
from bench.similarity.activations import Activations
from bench.similarity.measures.debiased_cka import DebiasedCKA
from bench.task import Predictions, Task
from bench.training.layout import channels_last, computes_channels_last
from bench.zoo.networks.activations import as_features
from bench.zoo.networks.channels import channels_first

SIMILARITY = DebiasedCKA()


@dataclass(frozen=True)
class Performance:
    """What became of a network.

    Attributes:
        loss: mean over images of what training minimises; None if it is not finite.
        accuracy: the task's primary outcome, as it is measured: a share of images.
        agreement: share of images that are answered as by the original; None if answers cannot be compared.
        similarity: debiased CKA of the last block's pooled output to the original's; None if undefined.
    """

    loss: float | None
    accuracy: float
    agreement: float | None
    similarity: float | None


@dataclass(frozen=True)
class _Seen:
    """What one network put out for all images."""

    loss: float
    predictions: Predictions
    features: np.ndarray


class Judge:
    """Holds copies of a network against the network itself, on the same images.

    Args:
        original: in eval mode, where the batches are; it is left as it is.
        batches: images (b, C, H, W) float32 and their targets, of images that no test rests on.
        split: labels of these images, as the task scores them.
        layer: whose output is compared.
        calibration: batches of training images from which running statistics are taken again.
    """

    def __init__(
        self,
        original: torch.nn.Module,
        batches: Iterable[tuple[torch.Tensor, Any]],
        split: Split,
        task: Task,
        layer: str,
        calibration: Iterable[torch.Tensor] = (),
    ):
        self.original, self.batches, self.calibration = original, list(batches), list(calibration)
        self.split, self.task, self.layer = split, task, layer
        self._reference = self._seen(original)
        self._features = _activations(self._reference.features)

    @property
    def retakes(self) -> bool:
        """Whether there are running statistics to take again, and images to take them from."""
        return bool(self.calibration and normalisations(self.original))

    def __call__(self, network: torch.nn.Module) -> Performance:
        """Judge a network as it is."""
        seen = self._seen(network)
        score = self.task.score(seen.predictions, self.split)[self.task.primary.metric]
        loss = seen.loss if isfinite(seen.loss) else None
        return Performance(loss, float(score), self._agreement(seen.predictions), self._similarity(seen.features))

    def recalibrated(self, network: torch.nn.Module) -> Performance:
        """Judge a network once its running statistics were taken again, in place."""
        take_again(network, self.calibration)
        return self(network)

    @torch.inference_mode()
    def _seen(self, network: torch.nn.Module) -> _Seen:
        network.eval()
        computes_channels_last(network, self.batches[0][0][:1])
        outputs, features = [], []
        total = 0.0
        with channels_last(network), Taps(network, {self.layer: self.layer}) as taps:
            for images, targets in self.batches:
                output = network(images)
                tapped = channels_first(network, self.layer, taps.seen[self.layer])
                features.append(as_features(tapped.float().cpu().numpy(), "pooled"))
                total += len(images) * self._loss(network, images, targets, output)
                outputs.append(output)
        count = sum(len(images) for images, _ in self.batches)
        return _Seen(total / count, self.task.collect(outputs), np.concatenate(features))

    def _loss(self, network: torch.nn.Module, images: torch.Tensor, targets: Any, output: Any) -> float:
        """Of a batch."""
        if type(self.task).forward is Task.forward:
            return float(self.task.loss(output, targets))
        # Detectors give losses in training mode alone, and draw proposals then: the same in every network.
        with seeded(0), _giving_losses(network):
            return float(self.task.loss(self.task.forward(network, images, targets), targets))

    def _agreement(self, predictions: Predictions) -> float | None:
        answers, expected = self.task.answers(predictions), self.task.answers(self._reference.predictions)
        if answers is None or expected is None or answers.shape != expected.shape:
            return None
        return float((answers == expected).reshape(len(answers), -1).all(1).mean())

    def _similarity(self, features: np.ndarray) -> float | None:
        others = _activations(features)
        if self._features is None or others is None:
            return None
        try:
            return SIMILARITY.of_sides(self._features, others)
        except InputError:  # features without spread
            return None


@contextmanager
def _giving_losses(network: torch.nn.Module) -> Iterator[None]:
    """In training mode, with normalisation by running statistics and without dropout; then in eval mode."""
    try:
        network.train()
        for module in network.modules():
            if isinstance(module, (_BatchNorm, _DropoutNd)):
                module.eval()
        yield
    finally:
        network.eval()


def _activations(features: np.ndarray) -> Activations | None:
    """Features as a measure takes them; None if they are not finite."""
    return Activations(features) if np.isfinite(features).all() else None
