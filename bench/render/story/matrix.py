"""Several profiles on one page: every method on every network, by profile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.analysis import wording
from bench.analysis.study import Study
from bench.analysis.wording import decimal
from bench.render.kit.table import Column, Row, Table, Text, show
from bench.roles import ORIGINAL


@dataclass(frozen=True)
class MatrixCell:
    """What one profile says of one method, as printed.

    Attributes:
        size: with the ratio to the original, and its units.
        change: of the primary outcome, with its interval; of the original its level.
        word, inside: the words on the change and on the inside; empty without one.
    """

    size: str
    change: str
    word: str = ""
    inside: str = ""


@dataclass(frozen=True)
class MatrixRow:
    """A method, with one cell per profile; None if a profile lacks it."""

    title: str
    family: str
    cells: tuple[MatrixCell | None, ...]


@dataclass(frozen=True)
class NetworkMatrix:
    """A network with the original first, then every method that any profile tried on it."""

    network: str
    lines: tuple[MatrixRow, ...]


def matrix(table: Table | None, studies: Sequence[Study]) -> tuple[NetworkMatrix, ...]:
    """The grids of a table of profiles side by side: the same numbers, a column per profile."""
    return tuple(_grids(table, studies)) if table else ()


def _grids(table: Table, studies: Sequence[Study]) -> Iterator[NetworkMatrix]:
    columns = {column.key: column for column in table.columns}
    for group in table.groups:
        rows: dict[str, dict[str, Row]] = {}
        for row in group.rows:
            rows.setdefault(str(row["variant"].value), {})[str(row["profile"].value)] = row
        model = dict(group.rows[0].about)["model"]
        lines = (_original(model, studies), *(_line(of, columns, studies) for of in rows.values()))
        yield NetworkMatrix(group.title, lines)


def _line(rows: dict[str, Row], columns: dict[str, Column[object]], studies: Sequence[Study]) -> MatrixRow:
    first = next(iter(rows.values()))
    of_profile = (rows.get(study.plan.name) for study in studies)
    return MatrixRow(
        str(first["title"].value),
        dict(first.about).get("family", ""),
        tuple(_cell(row, columns, study) if row else None for row, study in zip(of_profile, studies, strict=True)),
    )


def _cell(row: Row, columns: dict[str, Column[object]], study: Study) -> MatrixCell:
    printed = {key: show(row[key], column) for key, column in columns.items()}
    size, change = printed["payload"], printed["difference"]
    return MatrixCell(
        size=size.main if size.hole else f"{size.main} kB, {printed['ratio'].main}×",
        change=change.main if change.hole else f"{change.plain} {study.primary.unit}".strip(),
        word=_word(printed["word"]),
        inside=_word(printed["inside"]),
    )


def _word(text: Text) -> str:
    return "" if text.hole else text.main


def _original(model: str, studies: Sequence[Study]) -> MatrixRow:
    return MatrixRow("Original", ORIGINAL, tuple(_of_original(study, model) for study in studies))


def _of_original(study: Study, model: str) -> MatrixCell | None:
    if model not in study.models:
        return None
    payload, hole = study.payload(model, ORIGINAL), study.hole(model, ORIGINAL)
    level = wording.level(study, model, ORIGINAL) if study.level(model, ORIGINAL).n else hole or "missing"
    return MatrixCell(f"{decimal(payload / 1e3, 1)} kB" if payload > 0 else hole or "missing", level)
