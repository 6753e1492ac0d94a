"""Parts of `plan.json`: a search, the task and its margins, what is measured of insides and of single layers."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from pydantic import BaseModel, ConfigDict, Field

from bench import registry
from bench import task as tasks
from bench.profile.tables import Sensitivity
from bench.similarity import catalog
from bench.similarity.probe import ProbeMeasure


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class PlannedMeasure(_Record):
    """A measure of the inside.

    Attributes:
        best: its value of two equal insides; None if it has no such end.
        functional: whether it asks a probe what a layer says, in shares of images.
    """

    title: str
    larger_is_similar: bool = True
    best: float | None = 1.0
    functional: bool = False
    symmetric: bool = True
    sources: tuple[str, ...] = ()
    bibtex: str = ""


class PlannedSimilarity(_Record):
    """By which measures insides are compared; only debiased CKA in older files.

    Attributes:
        measures: names in the profile's order.
        maps: those of every block with every block.
        inside: those that must agree before an inside is called the same.
        described: what there is to know of each measure, by name.
        training_images, training_seed: how many of them probes are fitted on, at most, and the seed of their draw.
    """

    measures: tuple[str, ...] = ("debiased-cka",)
    maps: tuple[str, ...] = ("debiased-cka",)
    inside: tuple[str, ...] = ("debiased-cka",)
    described: dict[str, PlannedMeasure] = {}
    training_images: int = 0
    training_seed: int = 0

    def measure(self, name: str) -> PlannedMeasure:
        """What there is to know of a measure.

        Raises:
            InputError: it is neither described nor built in.
        """
        return self.described[name] if name in self.described else planned_measure(catalog.measure(name))


class PlannedTask(_Record):
    """What the networks are trained to do, and the outcome that ranks them; classification in older files.

    Attributes:
        changes: what else of the predictions is printed; None for classification, whose own they are.
        classifies: see `Task`.
    """

    name: str = tasks.DEFAULT
    primary: tasks.Primary = Field(default_factory=lambda: tasks.task(tasks.DEFAULT).primary)
    changes: tuple[tasks.Change, ...] | None = None
    classifies: bool = True


class PlannedMargins(_Record):
    """Differences that do not matter, see `bench.profile.Margins`."""

    accuracy: float = 0.5
    inside: float = 0.1
    attribution: float = 0.25


class PlannedSensitivity(_Record):
    """How far single tensors and groups of channels of each original are compressed, see `[sensitivity]` in a profile.

    Attributes:
        images: of validation, at most, that losses are means over.
        training_images: from which statistics of batch normalisation are taken again, at most.
        rise: of the loss, nats, that is tolerated.
    """

    kinds: tuple[str, ...]
    sparsities: tuple[float, ...]
    bits: tuple[int, ...]
    images: int
    training_images: int
    rise: float


@dataclass(frozen=True)
class Trial:
    """The outcome of one chain on the network that a search runs on.

    Attributes:
        label: the chain.
        payload: bytes; None if it was refused or failed, for `reason`.
        accuracy: of the validation images, percent.
    """

    label: str
    payload: int | None = None
    accuracy: float | None = None
    reason: str = ""


class SearchedNetwork(_Record):
    """What a search found for one network; `front` and `best` are labels of trials."""

    model: str
    budget: int | None = None
    floor: float | None = None
    original: Trial
    trials: tuple[Trial, ...]
    front: tuple[str, ...] = ()
    best: str | None = None


class Search(_Record):
    """A search for the best chain: on which seed, and with how many trials per network."""

    seed: int
    trials: int
    networks: tuple[SearchedNetwork, ...]


def planned_measure(measure: catalog.AnyMeasure) -> PlannedMeasure:
    """What a plan says of a measure."""
    best = measure.range[1] if measure.larger_is_similar else measure.range[0]
    functional = isinstance(measure, ProbeMeasure)
    return PlannedMeasure(
        title=measure.title,
        larger_is_similar=measure.larger_is_similar,
        best=0.0 if functional else best if isfinite(best) else None,
        functional=functional,
        symmetric=measure.symmetric,
        sources=registry.sources(type(measure)),
        bibtex=measure.bibtex,
    )


def planned_task(name: str) -> PlannedTask:
    """What a plan says of a task."""
    task = tasks.task(name)
    changes = None if name == tasks.DEFAULT else task.changes
    return PlannedTask(name=name, primary=task.primary, changes=changes, classifies=task.classifies)


def planned_sensitivity(table: Sensitivity | None) -> PlannedSensitivity | None:
    """What a plan says of sensitivity curves; None if its profile asks for none."""
    return None if table is None else PlannedSensitivity.model_validate(table.model_dump())
