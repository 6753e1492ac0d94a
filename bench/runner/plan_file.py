"""The experiment as its plan describes it: `runs/<profile>/plan.json`, typed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from bench.errors import InputError


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class PlannedStage(_Record):
    """One method of a variant, with every setting it ran with."""

    method: str
    version: int = 1
    settings: dict[str, Any] = {}


class PlannedVariant(_Record):
    """One compressed version of a network, as planned."""

    label: str
    title: str
    family: str
    sources: tuple[str, ...] = ()
    control: bool = False
    finetunes: bool = False
    stages: tuple[PlannedStage, ...] = ()


class PlannedModel(_Record):
    """A network with the recipes it is trained and fine-tuned by."""

    name: str
    recipe: dict[str, Any] | None = None
    finetuning: dict[str, Any] | None = None


class Margins(_Record):
    """Differences that do not matter: percentage points of accuracy, and CKA."""

    accuracy: float
    cka: float
    attribution: float = 0.25


class DataDescription(_Record):
    """The images: what they are called, how many, their fingerprint, and where the cache keeps them."""

    source: str = ""
    title: str = ""
    classes: tuple[str, ...] = ()
    counts: dict[str, int] = {}
    fingerprint: str = ""
    content: str = ""
    size: int = 0
    channels: int = 0

    def named(self, label: int) -> str:
        """A class's name, or its number where it has none."""
        return self.classes[label] if label < len(self.classes) else str(label)


class Theme(_Record):
    """What the profile's `[report]` table says of the report."""

    title: str = ""
    authors: tuple[str, ...] = ()
    abstract: str = ""
    logo: str = ""
    accent: str = ""
    budget_kb: float | None = None


class PlannedLook(_Record):
    """A diagnostic with every setting it runs with, and the labels of what it looks into; None for all variants."""

    title: str
    sources: tuple[str, ...] = ()
    settings: dict[str, Any] = {}
    variants: tuple[str, ...] | None = None


class Trial(_Record):
    """A chain that a search tried: payload bytes and validation accuracy in percent, or why there are none."""

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
    """A search for the best chain: on which seed, with how many trials a network."""

    seed: int
    trials: int
    networks: tuple[SearchedNetwork, ...]


class PlannedCell(_Record):
    """A cell that the profile asks for."""

    name: str
    key: str
    kind: str
    model: str
    seed: int
    variant: str = ""
    diagnostic: str = ""
    parents: dict[str, str] = {}


class PlanFile(_Record):
    """A whole `plan.json`."""

    version: str
    name: str
    title: str = ""
    exploratory: bool = False
    report: Theme = Theme()
    alpha: float = 0.05
    margins: Margins
    features: tuple[str, ...]
    seeds: tuple[int, ...]
    threads: int = 1
    profile_text: str = ""
    command: str = ""
    data: DataDescription = DataDescription()
    models: tuple[PlannedModel, ...]
    variants: tuple[PlannedVariant, ...]
    diagnostics: dict[str, PlannedLook] = {}
    search: Search | None = None
    cells: tuple[PlannedCell, ...]

    @property
    def methods(self) -> tuple[PlannedVariant, ...]:
        """The variants that compress: neither the original nor a control."""
        return tuple(variant for variant in self.variants if not variant.control)

    def variant(self, label: str) -> PlannedVariant:
        """The variant of that label."""
        return next(variant for variant in self.variants if variant.label == label)


def read(folder: Path) -> PlanFile:
    """The plan of `runs/<profile>`.

    Raises:
        InputError: there is none, or it is not one.
    """
    file = folder / "plan.json"
    if not file.is_file():
        raise InputError(f"{folder} holds no plan.json: run `make bench PROFILE={folder.name}` first")
    try:
        return PlanFile.model_validate_json(file.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole file"
        raise InputError(f"{file} is not a plan: {where}: {first['msg']}") from error
