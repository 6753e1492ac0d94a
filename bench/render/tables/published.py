"""What papers report of the profile's methods, next to what was measured here."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from bench.analysis.study import Study
from bench.compress.variant import in_words
from bench.render.kit.prose import counted
from bench.render.kit.table import Column, Datum, Group, Row, Table, estimate, number
from bench.render.text import captions
from bench.roles import ORIGINAL
from bench.runner.plan_file import PlannedVariant

FILE = Path(__file__).parents[1] / "published.toml"

COLUMNS = (
    Column("who", "Network", "text", "The paper's network and images, or the network measured here."),
    Column("data", "Data", "text", "Images that accuracy was measured on.", shown=False),
    Column("original", "Original", "estimate", "Top-1 of the original.", "%", 2, shown=False),
    Column("compressed", "Compressed", "estimate", "Top-1 after compression.", "%", 2),
    Column("difference", "Difference", "estimate", "Compressed less original; here paired by seed.", "points", 2, True),
    Column("loss", "In words", "text", "What a paper says where it prints no top-1.", shown=False),
    Column("ratio", "Ratio", "number", "Original's size divided by the compressed one's.", "×", 1),
    Column("setup", "Set-up", "text", "What to know of it before comparing."),
    Column("source", "Source", "citations", "Citation key; none for what was measured here."),
)


class Figure(BaseModel):
    """One published result; accuracies are top-1 in percent, `loss` the paper's words where it prints none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    methods: Annotated[tuple[str, ...], Field(min_length=1)]
    network: str
    data: str
    original: Annotated[float, Field(gt=0, le=100)] | None = None
    compressed: Annotated[float, Field(gt=0, le=100)] | None = None
    loss: str = ""
    ratio: Annotated[float, Field(gt=1)] | None = None
    setup: str
    source: str


@cache
def published() -> tuple[Figure, ...]:
    """All published results that the project knows, in the file's order."""
    return tuple(Figure.model_validate(entry) for entry in tomllib.loads(FILE.read_text(encoding="utf-8"))["figure"])


def build(study: Study) -> Table | None:
    """A group a method: the papers' rows, then ours; nothing where no paper is known for any method."""
    groups = tuple(_groups(study))
    if not groups:
        return None
    return Table(
        "published",
        "Published beside ours",
        captions.joined(
            "What papers report of a method, and below it what was measured here. Other networks, images, schedules "
            "and ways of counting bytes: the rows show what a method is known to do, they are no replication and no "
            "test compares them. Here: ",
            captions.seeds(study),
            captions.seed_interval(),
            captions.version(study),
        ),
        COLUMNS,
        groups,
    )


def _groups(study: Study) -> Iterator[Group]:
    for method, variants in _alone(study).items():
        figures = [figure for figure in published() if method in figure.methods]
        if figures:
            theirs = [_theirs(figure) for figure in figures]
            ours = [_ours(study, model, variant) for model in study.models for variant in variants]
            yield Group(variants[0].stages[0].title, (*theirs, *ours))


def _alone(study: Study) -> dict[str, list[PlannedVariant]]:
    """Variants that are one method and nothing else, by its name."""
    found: dict[str, list[PlannedVariant]] = {}
    for variant in study.plan.methods:
        if len(variant.stages) == 1:
            found.setdefault(variant.stages[0].method, []).append(variant)
    return found


def _theirs(figure: Figure) -> Row:
    known = figure.original is not None and figure.compressed is not None
    difference = figure.compressed - figure.original if known else None  # type: ignore[operator]
    cells = (
        Datum(f"{figure.network} ({figure.data})"),
        Datum(figure.data),
        Datum(figure.original),
        Datum(figure.compressed),
        Datum(difference),
        Datum(figure.loss or None),
        Datum(figure.ratio),
        Datum("; ".join(part for part in (figure.loss, figure.setup) if part)),
        Datum(figure.source),
    )
    return Row(cells, "control", (("published", figure.source),))


def _ours(study: Study, model: str, variant: PlannedVariant) -> Row:
    label, hole = variant.label, study.hole(model, variant.label)
    original, payload = (study.mean("payload_bytes", model, name).value for name in (ORIGINAL, label))
    cells = (
        Datum(f"{model}, here"),
        Datum(study.plan.data.title or study.plan.data.source),
        estimate(study.mean("test_accuracy", model, ORIGINAL), 100),
        estimate(study.mean("test_accuracy", model, label), 100, hole=hole),
        estimate(study.difference("test_accuracy", model, label, ORIGINAL), 100, hole=hole),
        Datum(),
        number(original / payload if payload else None, hole=hole or "missing"),
        Datum(_setup(study, model, variant)),
        Datum(),
    )
    return Row(cells, "method", (("model", model), ("variant", label), ("family", variant.family)))


def _setup(study: Study, model: str, variant: PlannedVariant) -> str:
    return "; ".join(filter(None, (in_words(variant.stages[0].chosen), _training(study, model, variant))))


def _training(study: Study, model: str, variant: PlannedVariant) -> str:
    if not variant.finetunes:
        return "not trained on"
    recipes = {each.name: each.finetuning for each in study.plan.models}
    epochs = (recipes[model] or {}).get("epochs")
    return f"fine-tuned for {counted(epochs, 'epoch')}" if epochs else "fine-tuned"
