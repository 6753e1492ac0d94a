"""`runs/<profile>/plan.json`, the experiment as its plan describes it: written and read here, in the same types.

The report knows the experiment from this file alone; it loads neither the profile nor the data again. Fields that were
added later have defaults, so that files of earlier versions stay readable.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

import bench
from bench import registry
from bench.compress.variant import Variant, parse_stage, titled
from bench.data.objects import is_class
from bench.diagnose.look import Look
from bench.errors import InputError
from bench.profile import Profile, Theme
from bench.runner import controls
from bench.runner.cell import Cell
from bench.runner.planned import (
    PlannedMargins,
    PlannedSensitivity,
    PlannedSimilarity,
    PlannedTask,
    Search,
    SearchedNetwork,
    Trial,
    planned_measure,
    planned_sensitivity,
    planned_task,
)
from bench.runner.shell import command
from bench.runner.store import Store

__all__ = [
    "DataDescription", "PlanFile", "PlannedCell", "PlannedLook", "PlannedMargins", "PlannedModel", "PlannedSimilarity",
    "PlannedStage", "PlannedTask", "PlannedVariant", "Search", "SearchedNetwork", "Trial", "command", "describe",
    "read", "write",
]  # fmt: skip

NAME = "plan.json"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class PlannedStage(_Record):
    """One method of a variant.

    Attributes:
        title: the method's own, without settings.
        settings: every setting it ran with.
        chosen: the settings that the profile chose, with their values as it wrote them; all others are defaults.
    """

    method: str
    version: int | str = 1
    title: str = ""
    settings: dict[str, Any] = {}
    chosen: dict[str, Any] = {}


class PlannedBudget(_Record):
    """Epochs, see `bench.compress.budget.Budget`."""

    finetuned: float = 0
    trained: float = 0


class PlannedVariant(_Record):
    """One compressed version of a network, as planned.

    Attributes:
        added: whether it is a control that no profile names, of a length of training that its methods have.
        budgets: by network, how long it trains by its own account.
    """

    label: str
    title: str
    family: str
    sources: tuple[str, ...] = ()
    bibtex: str = ""
    control: bool = False
    finetunes: bool = False
    added: bool = False
    budgets: dict[str, PlannedBudget] = {}
    stages: tuple[PlannedStage, ...] = ()


class PlannedModel(_Record):
    """A network with the recipes it is trained and fine-tuned by; one from a checkpoint was trained elsewhere.

    With `weights` training began with published ones.
    """

    name: str
    checkpoint: bool = False
    weights: bool = False
    recipe: dict[str, Any] | None = None
    finetuning: dict[str, Any] | None = None


class DataDescription(_Record):
    """The images: what they are called, how many, their fingerprint, where the cache keeps them, and what was done."""

    source: str = ""
    title: str = ""
    classes: tuple[str, ...] = ()
    counts: dict[str, int] = {}
    fingerprint: str = ""
    content: str = ""
    size: int = 0
    channels: int = 0
    notices: tuple[str, ...] = ()

    def named(self, label: int) -> str:
        """A class's name, or its number if it has none."""
        return self.classes[label] if label < len(self.classes) else str(label)

    @property
    def real_classes(self) -> tuple[str, ...]:
        """Names of the classes, without the background and labels that stand for nothing."""
        return tuple(filter(is_class, self.classes))


class PlannedLook(_Record):
    """A diagnostic with every setting it runs with, and the labels of the variants it looks into; None for all."""

    title: str
    sources: tuple[str, ...] = ()
    bibtex: str = ""
    settings: dict[str, Any] = {}
    variants: tuple[str, ...] | None = None


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
    """A whole `plan.json`.

    Attributes:
        command: what to type in a shell for the same run.
        search: only in the plan that a search confirms its chains by.
    """

    version: str
    name: str
    title: str = ""
    exploratory: bool = False
    report: Theme = Theme()
    alpha: float = 0.05
    margins: PlannedMargins
    features: tuple[str, ...]
    similarity: PlannedSimilarity = PlannedSimilarity()
    seeds: tuple[int, ...]
    threads: int = 1
    profile_text: str = ""
    command: str = ""
    task: PlannedTask = Field(default_factory=PlannedTask)
    data: DataDescription = DataDescription()
    models: tuple[PlannedModel, ...]
    variants: tuple[PlannedVariant, ...]
    diagnostics: dict[str, PlannedLook] = {}
    sensitivity: PlannedSensitivity | None = None
    search: Search | None = None
    cells: tuple[PlannedCell, ...]

    @property
    def methods(self) -> tuple[PlannedVariant, ...]:
        """The variants that compress: neither the original nor a control."""
        return tuple(variant for variant in self.variants if not variant.control)

    @property
    def bibtex(self) -> str:
        """The entries that its methods, diagnostics and measures carry themselves, each once."""
        described = (self.variants, self.diagnostics.values(), self.similarity.described.values())
        texts = [described_one.bibtex for kind in described for described_one in kind]
        return "\n".join(dict.fromkeys(filter(None, texts)))

    def variant(self, label: str) -> PlannedVariant:
        """The variant of that label."""
        return next(variant for variant in self.variants if variant.label == label)

    @property
    def reproduction(self) -> str:
        """What to type in a shell for the same run and its report."""
        return f"{self.command} && {command('report', self.name)}"


def describe(
    profile: Profile,
    cells: Sequence[Cell],
    data: DataDescription,
    *,
    command: str,
    search: Search | None = None,
) -> PlanFile:
    """The plan of a profile's cells, ready to be written.

    Args:
        command: see `PlanFile`.
    """
    settings = profile.file
    return PlanFile(
        version=bench.__version__,
        name=profile.name,
        title=settings.title or profile.name,
        exploratory=settings.exploratory,
        report=settings.report,
        alpha=settings.alpha,
        margins=PlannedMargins(**settings.margins.model_dump()),
        features=tuple(settings.features),
        similarity=PlannedSimilarity(
            **settings.similarity.model_dump(),
            described={name: planned_measure(measure) for name, measure in profile.measures.items()},
        ),
        seeds=tuple(settings.seeds),
        threads=settings.threads,
        profile_text=profile.text,
        command=command,
        task=planned_task(settings.task),
        data=data,
        models=tuple(
            PlannedModel(
                name=model.name,
                checkpoint=bool(model.checkpoint),
                weights=bool(model.weights),
                recipe=profile.recipes[model.name].spec(),
                finetuning=profile.finetuning[model.name].spec(),
            )
            for model in settings.models
        ),
        variants=tuple(_variant(variant, profile) for variant in controls.every_variant(profile)),
        diagnostics={name: _look(look) for name, look in profile.diagnostics.items()},
        sensitivity=planned_sensitivity(settings.sensitivity),
        search=search,
        cells=tuple(map(_cell, cells)),
    )


def _cell(cell: Cell) -> PlannedCell:
    # A plan may have a hundred thousand cells, whose types need no check.
    fields = {name: getattr(cell, name) for name in ("name", "key", "kind", "model", "seed", "variant", "diagnostic")}
    parents = {role: parent.key for role, parent in sorted(cell.parents.items())}
    return PlannedCell.model_construct(**fields, parents=parents)


def _variant(variant: Variant, profile: Profile) -> PlannedVariant:
    budgets = {name: controls.budget(profile, name, variant) for name in profile.recipes}
    return PlannedVariant(
        label=variant.label,
        title=variant.title,
        family=variant.family,
        sources=tuple(key for stage in variant.stages for key in registry.sources(type(stage.method))),
        bibtex="\n".join(filter(None, (stage.method.bibtex for stage in variant.stages))),
        control=variant.family in ("original", "control"),
        finetunes=variant.finetunes or variant.trains or any(budget.total for budget in budgets.values()),
        added=variant not in profile.variants,
        budgets={name: PlannedBudget(**asdict(budget)) for name, budget in budgets.items()},
        stages=tuple(
            PlannedStage(**fields, title=stage.method.printed_title, chosen=dict(stage.chosen))
            for fields, stage in zip(variant.spec(), variant.stages, strict=True)
        ),
    )


def _look(look: Look) -> PlannedLook:
    return PlannedLook(
        title=look.diagnostic.title,
        sources=registry.sources(type(look.diagnostic)),
        bibtex=look.diagnostic.bibtex,
        settings=look.diagnostic.settings(),
        variants=None if look.all else look.variants,
    )


def write(store: Store, plan: PlanFile) -> None:
    """Put the plan beside its cells, replacing an earlier one in one step.

    Raises:
        InputError: the disk is full, or the folder cannot be written.
    """
    # What is absent here was unknown to earlier versions, whose files stay the same, byte for byte.
    absent: dict[str, Any] = {name: True for name in ("search", "sensitivity") if getattr(plan, name) is None}
    if plan.task.changes is None:
        absent["task"] = {"changes", "classifies"}
    store.write_index(NAME, plan.model_dump(exclude=absent))


def read(folder: Path) -> PlanFile:
    """The plan of `runs/<profile>`.

    Raises:
        InputError: there is none, or it is not one.
    """
    file = folder / NAME
    if not file.is_file():
        raise InputError(f"{folder} holds no plan.json: run `{command('bench', folder.name)}` first")
    try:
        plan = PlanFile.model_validate_json(file.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole file"
        raise InputError(f"{file} is not a plan: {where}: {first['msg']}") from error
    _require_different(file, plan.cells)
    return plan.model_copy(update={"variants": tuple(map(_with_titles, plan.variants))})


def _require_different(file: Path, cells: Sequence[PlannedCell]) -> None:
    names: dict[str, str] = {}
    for cell in cells:
        if cell.key in names:
            both = " and ".join(dict.fromkeys((names[cell.key], cell.name)))
            raise InputError(f"{file} is not a plan: the key {cell.key} stands there twice, of {both}")
        names[cell.key] = cell.name


def _with_titles(variant: PlannedVariant) -> PlannedVariant:
    """Fill in what stages of earlier versions lack: the label holds what was chosen, the title the rest."""
    if all(stage.title for stage in variant.stages):
        return variant
    labels, titles = variant.label.split("+"), variant.title.split(" + ")
    try:
        chosen = [dict(parse_stage(label).chosen) for label in labels]
    except InputError:  # no version of Innards writes such a label
        chosen = []
    if not len(chosen) == len(titles) == len(variant.stages):
        titles, chosen = [stage.method for stage in variant.stages], [{} for _ in variant.stages]
    stages = [
        stage.model_copy(update={"title": title.removesuffix(titled("", settings)), "chosen": settings})
        for stage, title, settings in zip(variant.stages, titles, chosen)
    ]
    return variant.model_copy(update={"stages": tuple(stages)})
