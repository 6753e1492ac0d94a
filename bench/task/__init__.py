"""The contract of a task: what a network is trained to do, and what counts as doing it well. One task per file.

Cells, analysis and report ask the task for everything that depends on it, so that a new task is one more file.

>>> task("classification").primary.title
'Top-1'
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

from bench import guests, registry

if TYPE_CHECKING:
    import torch
    from torch import nn

    from bench.data import ImageSet, Split
    from bench.data.objects import Detections, ImageObjects

PACKAGE = "bench.task"
DEFAULT = "classification"
Predictions = Mapping[str, np.ndarray]  # by name; the first axis counts images


def with_unit(number: str, unit: str) -> str:
    """A number followed by what it is in, if anything.

    >>> with_unit("98", "%"), with_unit("0.5", "points"), with_unit("3", "")
    ('98%', '0.5 points', '3')
    """
    return f"{number}{unit}" if unit in ("", "%") else f"{number} {unit}"


@dataclass(frozen=True)
class Primary:
    """The outcome by which networks of a task are ranked, and how it is printed. More is better.

    Attributes:
        metric: its key in `Task.score`; in `metrics.json` the split stands in front, as in `test_accuracy`.
        title: head of a column.
        noun: in sentences.
        level_unit: of a network's own level, once multiplied by `scale`.
        unit: of a difference between two levels, once multiplied by `scale`.
        scale: from the metric to the printed number, e.g. 100 from a share to percent.
        digits: after the decimal point.
        highest: the largest metric there can be.
    """

    metric: str
    title: str
    noun: str
    level_unit: str
    unit: str
    scale: float
    digits: int
    highest: float

    @property
    def name(self) -> str:
        """Title and noun, e.g. `Top-1 accuracy`; one word if they are the same."""
        return self.title if self.title.lower() == self.noun.lower() else f"{self.title} {self.noun}"

    @property
    def axis(self) -> str:
        """For an axis with room, e.g. `Top-1 accuracy (%)`."""
        return f"{self.name} ({self.level_unit})" if self.level_unit else self.name

    @property
    def running(self) -> str:
        """The name inside a sentence, e.g. `top-1 accuracy`."""
        return _lowered(self.name)

    @property
    def within(self) -> str:
        """The title inside a sentence, e.g. `top-1`."""
        return _lowered(self.title)

    @property
    def capital(self) -> str:
        """The noun at the start of a sentence or a title, e.g. `Accuracy`."""
        return f"{self.noun[:1].upper()}{self.noun[1:]}"

    @property
    def best(self) -> str:
        """What a sentence calls the network with the highest level."""
        return "most accurate" if self.noun == "accuracy" else "best"

    @property
    def leader(self) -> str:
        """The head of a card of the network with the highest level, before what limits the choice."""
        return "Most accurate" if self.noun == "accuracy" else f"Best {self.noun}"

    @property
    def floor_unit(self) -> str:
        """What stands behind a level that is asked for: its unit, or what it is of where it has none."""
        return self.level_unit or f" {self.noun}"

    @property
    def worse(self) -> str:
        """What a sentence calls a network with a lower level."""
        return "less accurate" if self.noun == "accuracy" else "worse"

    @property
    def level(self) -> str:
        """A network's level, for the label of an axis, e.g. `accuracy (%)`."""
        return f"{self.noun} ({self.level_unit})" if self.level_unit else self.noun

    @property
    def test(self) -> str:
        """Its key in `metrics.json`, on the test images."""
        return f"test_{self.metric}"

    @property
    def validation(self) -> str:
        """Its key in `metrics.json`, on the validation images."""
        return f"validation_{self.metric}"


def _lowered(text: str) -> str:
    """Text without its capital; an abbreviation such as `AP` keeps its own."""
    return text if text[:2].isupper() else f"{text[:1].lower()}{text[1:]}"


@dataclass(frozen=True)
class Change:
    """One thing that a user notices between two networks' predictions: a column of the report, mean over seeds.

    Attributes:
        metric: its key in `Task.compare`.
        key: of the column in the data files.
        title: head of the column.
        describe: one sentence for the data dictionary.
        unit: of the printed number.
        scale: from the metric to the printed number.
        digits: after the decimal point.
        signed: whether a plus is printed.
        beyond_control: whether the fine-tuned control's is taken off, seed by seed.
    """

    metric: str
    key: str
    title: str
    describe: str
    unit: str = ""
    scale: float = 1.0
    digits: int = 3
    signed: bool = False
    beyond_control: bool = False


class PlacedTargets(Protocol):
    """Targets that say where in the images things are: a list per batch, an entry per image."""

    def __getitem__(self, rows: torch.Tensor) -> list[Any]:
        """Of some images as they are."""
        ...

    def mirrored(self, rows: torch.Tensor, flags: Sequence[bool]) -> list[Any]:
        """Of images of which those with a flag are mirrored left to right."""
        ...

    def squared(self, rows: torch.Tensor, side: int) -> list[Any]:
        """Of images that are resized to squares of `side` pixels."""
        ...


class Task(ABC):
    """What networks are trained to do. A task has no state: its methods are functions.

    A task is imported by commands that must be quick, so PyTorch is imported inside the methods that compute with it.

    Class attributes:
        version: raised whenever the same network and images give other numbers.
        primary: the outcome that ranks networks.
        changes: what else of `compare` the report prints, in order.
        beside: other metrics of `score` that the main table prints, each as it prints the primary one.
        of_image: what an image's part in the primary metric is, a sentence; empty if that is the mean over images.
        alike: all metrics of `score` that have the primary one's scale and units.
        merit: metrics of `score`, by whose sum `keep = "best"` chooses; by default the primary one.
        classifies: whether outputs are logits (b, classes) and targets labels. Diagnostics that explain a class need
            it, and what the report says of single classes, answers and confidence.
    """

    version: ClassVar[int] = 1
    primary: ClassVar[Primary]
    changes: ClassVar[tuple[Change, ...]] = ()
    beside: ClassVar[tuple[Primary, ...]] = ()
    of_image: ClassVar[str] = ""
    alike: ClassVar[tuple[str, ...]] = ()
    merit: ClassVar[tuple[str, ...]] = ()
    classifies: ClassVar[bool] = False

    def problems(self, recipe: Mapping[str, Any]) -> list[str]:
        """Fields of a recipe that this task cannot train by, a sentence each."""
        return []

    def unfit(self, images: ImageSet) -> str:
        """Why this task cannot be learnt from a data set, in a sentence; empty if it can."""
        return ""

    @abstractmethod
    def targets(self, split: Split, device: torch.device | str) -> Any:
        """The targets of a split's images on the device.

        Batches take theirs as `targets[rows]`, rows a tensor of indices on the device. A tensor does that; targets that
        differ in number from image to image need an object with a `__getitem__` of their own. Where images are seen
        whole, at their own sizes, targets are `PlacedTargets`.
        """

    def forward(self, network: nn.Module, images: torch.Tensor, targets: Any) -> Any:
        """The outputs of a network in training mode, as `loss` takes them.

        Override it where networks take the targets too and return their own losses, as torchvision's detectors do.
        """
        return network(images)

    @abstractmethod
    def loss(self, outputs: Any, targets: Any, *, label_smoothing: float = 0.0) -> torch.Tensor:
        """What training minimises, a scalar, from a batch's outputs and targets."""

    @abstractmethod
    def imitation_loss(self, outputs: Any, lesson: Any, *, temperature: float) -> torch.Tensor:
        """How far a batch's outputs are from a teacher's, a scalar: what distillation minimises."""

    @abstractmethod
    def collect(self, outputs: Iterable[Any]) -> Predictions:
        """The outputs of all batches, in order, as arrays that are kept in `predictions.npz`."""

    @abstractmethod
    def truth(self, split: Split) -> Predictions:
        """The targets of a split as arrays that are kept beside the predictions."""

    @abstractmethod
    def score(self, predictions: Predictions, split: Split) -> dict[str, float]:
        """Metrics of one network; the primary one is among them."""

    @abstractmethod
    def compare(self, predictions: Mapping[str, Predictions], split: Split) -> dict[str, float]:
        """How the compressed network's predictions differ from the references', by role (see `bench.roles`)."""

    # The report reads stored predictions without PyTorch. What a task cannot say (None) is left out there: intervals of
    # the primary metric are then of seeds alone, no answers are called identical, and no level is held against chance.
    def per_image(self, predictions: Predictions, truth: Predictions) -> np.ndarray | None:
        """(n,) float64 whose mean is the primary metric, larger is better: for accuracy 1 where an answer is right.

        For a metric that is no mean over images, jackknife pseudo-values n·θ - (n - 1)·θ₋ᵢ. None: seeds only.

        Args:
            predictions, truth: what `collect` and `truth` gave, as read back from `predictions.npz`; both may hold the
                other's arrays too.
        """
        return None

    def per_class(self, predictions: Predictions, truth: Predictions) -> Mapping[int, np.ndarray] | None:
        """By label of each class that an image has, (n,) float64 whose mean is the class's part of the primary metric.

        All numbers of a class are equal where no image's share of it is known. None: nothing is said of classes but
        what `answers` of networks that classify do.
        """
        return None

    def answers(self, predictions: Predictions) -> np.ndarray | None:
        """(n,) or (n, k) what each image is answered, compared for identity; None if answers are not comparable."""
        return None

    def chance(self, truth: Predictions) -> float | None:
        """The primary metric that an answer reaches that never looks at the image; None if unknown."""
        return None

    def objects(self, predictions: Predictions, truth: Predictions) -> list[tuple[ImageObjects, Detections]] | None:
        """Per image, the objects that are annotated and those that were detected; None if images have no objects."""
        return None

    def apart(self, network: nn.Module, other: nn.Module, batches: Callable[[], Iterable[torch.Tensor]]) -> float:
        """Largest difference of two networks' outputs for the same images, as a share of the largest output.

        Override it where outputs jump, as those of detectors do when two boxes are as good as equal.

        Args:
            batches: yields the images, (b, C, H, W) float32, each time anew.
        """
        predictions, expected = (self.collect(map(one, batches())) for one in (network, other))
        return self.difference(predictions, expected)

    @abstractmethod
    def difference(self, predictions: Predictions, expected: Predictions) -> float:
        """Largest difference between two networks' outputs, as a share of the largest output."""


def task(name: str) -> Task:
    """A task by name.

    Raises:
        InputError: no such task; the sentence names the nearest.
    """
    kind: type[Task] = registry.subclass(PACKAGE, name, Task, "task")
    with guests.blamed(kind, f"task {name!r}"):
        return kind()


def spec(name: str) -> dict[str, Any]:
    """What a task adds to the key of a cell: nothing for the first version of classification, which came before it."""
    version = registry.version(type(task(name)), name)
    return {} if (name, version) == (DEFAULT, 1) else {"task": {"name": name, "version": version}}


def of_cell(cell: Mapping[str, Any]) -> Task:
    """The task of a cell, from its spec."""
    return task(cell.get("task", {"name": DEFAULT})["name"])
