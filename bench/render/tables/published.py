"""What papers report of the profile's methods: beside ours where data are the same, else by themselves."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from bench.analysis.networks import title_of
from bench.analysis.study import Study
from bench.compress.variant import in_words
from bench.data.sources.coco import published_names
from bench.render.kit.prose import counted
from bench.render.kit.rows import Role
from bench.render.kit.table import Column, Datum, Table, estimate, tabulate
from bench.render.references import library
from bench.roles import ORIGINAL
from bench.runner.plan_file import PlannedVariant
from bench.task import Primary

COCO = "COCO"  # data that go by their categories, since a folder of them may have any name
FILE = Path(__file__).parents[1] / "published.toml"


class PublishedResult(BaseModel):
    """What one paper reports.

    Attributes:
        metric: the outcome that levels are of, by its key in `bench.task`: top-1 accuracy, box AP, ...
        original, compressed: as printed, in percent.
        loss: the paper's words where it prints no levels.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    methods: Annotated[tuple[str, ...], Field(min_length=1)]
    network: str
    data: str
    metric: str = "accuracy"
    original: Annotated[float, Field(gt=0, le=100)] | None = None
    compressed: Annotated[float, Field(gt=0, le=100)] | None = None
    loss: str = ""
    ratio: Annotated[float, Field(gt=1)] | None = None
    setup: str
    source: str


@dataclass(frozen=True, kw_only=True)
class Reported:
    """A network of a paper's, or one that was measured here, as the table sets them side by side.

    Attributes:
        outcome: what levels are of, as printed.
        original, compressed, difference: of it, in its units.
        loss, source: of a paper alone.
        role: papers' rows are set apart.
        method: its name, where papers stand by themselves.
    """

    who: str
    data: str
    outcome: str
    original: Datum | float | None
    compressed: Datum | float | None
    difference: Datum | float | None
    loss: str | None = None
    ratio: float | None
    setup: str
    source: str | None = None
    role: Role
    about: tuple[tuple[str, str], ...]
    hole: str = ""
    method: str = ""


METHOD: Column[Reported] = Column("technique", "Method", "text", "The method, as printed.", lambda row: row.method)
OUTCOME: Column[Reported] = Column("outcome", "Outcome", "text", "What the levels are of.", lambda row: row.outcome)


def _columns(study: Study) -> tuple[Column[Reported], ...]:
    task, several = study.primary, len(_outcomes(study)) > 1
    levels, digits = "Levels" if several else task.title, task.digits
    return (
        Column("who", "Network", "text", "The paper's network and images, or the network measured here.",
               lambda row: row.who),
        Column("data", "Data", "text", f"Images that {task.noun} was measured on.", lambda row: row.data, shown=False),
        *([OUTCOME] if several else []),
        Column("original", "Original", "estimate", f"{levels} of the original.", lambda row: row.original,
               task.level_unit, digits, shown=several),
        Column("compressed", "Compressed", "estimate", f"{levels} after compression.", lambda row: row.compressed,
               task.level_unit, digits),
        Column("difference", "Difference", "estimate",
               "Of the compressed network from the original; here paired by seed.",
               lambda row: row.difference, task.unit, digits, signed=True),
        Column("loss", "In words", "text", f"What a paper says where it prints no {task.within}.", lambda row: row.loss,
               shown=False),
        Column("ratio", "Ratio", "number", "Original's size divided by the compressed one's.",
               lambda row: row.ratio, "×", 1),
        Column("setup", "Set-up", "text", "What to know of it before comparing.", lambda row: row.setup),
        Column("source", "Source", "citations", "Citation key; none for what was measured here.",
               lambda row: row.source),
    )  # fmt: skip


@cache
def published() -> tuple[PublishedResult, ...]:
    """All published results that the project knows, in the file's order."""
    results = tomllib.loads(FILE.read_text(encoding="utf-8"))["figure"]
    return tuple(map(PublishedResult.model_validate, results))


def build(study: Study) -> list[Table]:
    """Papers on the same data with ours beside them, and papers on other data; no table of what isn't known."""
    return [table for table in (_beside(study), _elsewhere(study)) if table is not None]


def _beside(study: Study) -> Table | None:
    """A group per method: the papers' rows, then ours."""
    return tabulate(
        "published",
        "Published beside ours",
        "What papers report of a method on these data, and below it what was measured here.",
        _columns(study),
        dict(_groups(study)),
        details="Other networks, schedules and ways of counting bytes. The rows show what a method can do. They "
        "are no replication, and no test compares them.",
    )


def _elsewhere(study: Study) -> Table | None:
    """A group per paper. On other images no number of ours can stand beside theirs."""
    by_source: dict[str, list[Reported]] = {}
    for method, variants in _alone(study).items():
        for result in _of_task(study):
            if method in result.methods and not _same_data(study, result.data):
                row = replace(_theirs(study, result), role="method", method=variants[0].stages[0].title)
                by_source.setdefault(_short(result.source), []).append(row)
    return tabulate(
        "published-elsewhere",
        "Published on other data",
        "What papers report of these methods, each on its own networks and images.",
        (METHOD, *_columns(study)),
        by_source,
        folded=True,
    )


def _groups(study: Study) -> Iterator[tuple[str, list[Reported]]]:
    for method, variants in _alone(study).items():
        known = [result for result in _of_task(study) if method in result.methods and _same_data(study, result.data)]
        if known:
            theirs = [_theirs(study, result) for result in known]
            ours = [
                _ours(study, model, variant, outcome)
                for model in study.models
                for variant in variants
                for outcome in _outcomes(study).values()
            ]
            yield variants[0].stages[0].title, [*theirs, *ours]


def _outcomes(study: Study) -> dict[str, Primary]:
    """What the profile's networks are measured by, by metric: the outcome that ranks them first."""
    return {outcome.metric: outcome for outcome in (study.primary, *study.beside)}


def _of_task(study: Study) -> list[PublishedResult]:
    return [result for result in published() if result.metric in _outcomes(study)]


def _same_data(study: Study, name: str) -> bool:
    """Whether the profile's images go by the name of a paper's, as "CIFAR-10 (JPEG copy)" does by "CIFAR-10"."""
    if name == COCO:
        return study.plan.data.real_classes == published_names()
    # Word by word from the start: Tiny ImageNet isn't ImageNet, and CIFAR-100 isn't CIFAR-10.
    wanted = _words(name)
    return any(_words(own)[: len(wanted)] == wanted for own in (study.plan.data.title, study.plan.data.source))


def _words(name: str) -> list[str]:
    return re.findall(r"[a-z]+|[0-9]+", name.lower())


def _short(source: str) -> str:
    paper = library().get(source)
    return paper.short if paper else source


def _alone(study: Study) -> dict[str, list[PlannedVariant]]:
    """Variants that are one method and nothing else, by its name."""
    alone: dict[str, list[PlannedVariant]] = {}
    for variant in study.plan.methods:
        if len(variant.stages) == 1:
            alone.setdefault(variant.stages[0].method, []).append(variant)
    return alone


def _theirs(study: Study, result: PublishedResult) -> Reported:
    # Only a paper that prints both accuracies has a difference: nothing is read out of its words.
    both = result.original is not None and result.compressed is not None
    return Reported(
        who=f"{result.network} ({result.data})",
        data=result.data,
        outcome=_outcomes(study)[result.metric].title,
        original=result.original,
        compressed=result.compressed,
        difference=result.compressed - result.original if both else None,  # type: ignore[operator]
        loss=result.loss or None,
        ratio=result.ratio,
        setup="; ".join(part for part in (result.loss, result.setup) if part),
        source=result.source,
        role="control",
        about=(("published", result.source),),
    )


def _ours(study: Study, model: str, variant: PlannedVariant, outcome: Primary) -> Reported:
    hole = study.hole(model, variant.label) or "missing"
    original, payload = (study.payload(model, label) for label in (ORIGINAL, variant.label))
    lost = study.difference(outcome.test, model, variant.label, ORIGINAL)
    return Reported(
        who=f"{title_of(study, model)}, here",
        data=study.plan.data.title or study.plan.data.source,
        outcome=outcome.title,
        original=estimate(study.mean(outcome.test, model, ORIGINAL), outcome.scale),
        compressed=estimate(study.mean(outcome.test, model, variant.label), outcome.scale, hole=hole),
        difference=estimate(lost, outcome.scale, hole=hole),
        ratio=original / payload if payload else None,
        setup=_setup(study, model, variant),
        role="method",
        about=(("model", model), ("variant", variant.label), ("family", variant.family)),
        hole=hole,
    )


def _setup(study: Study, model: str, variant: PlannedVariant) -> str:
    return "; ".join(filter(None, (in_words(variant.stages[0].chosen), _training(study, model, variant))))


def _training(study: Study, model: str, variant: PlannedVariant) -> str:
    if not variant.finetunes:
        return "not trained on"
    recipes = {network.name: network.finetuning for network in study.plan.models}
    epochs = (recipes[model] or {}).get("epochs")
    return f"fine-tuned for {counted(epochs, 'epoch')}" if epochs else "fine-tuned"
