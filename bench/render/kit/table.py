"""One table for every writer: typed values, and the one place that turns them into text."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, Literal, TypeVar

from bench.analysis.wording import decimal
from bench.statistics.estimate import Estimate

Kind = Literal["text", "code", "number", "estimate", "p", "verdict", "citations"]
Value = float | int | str | bool | None

DASH = "–"
LOW, HIGH = "Lower end of the 95% interval.", "Upper end of the 95% interval."
MOST = 8  # columns that are printed side by side: what fits a page, and what a reader takes in
S = TypeVar("S", contravariant=True)


@dataclass(frozen=True, slots=True)
class Datum:
    """One value with all that is printed around it.

    Attributes:
        value: in the column's unit; None if missing (`hole` says why) or if there is nothing to say.
        low, high: ends of its interval; None without one.
        stars: of its corrected p.
        bold: one of the leading set.
        hole: one word in the value's place: "failed", "refused", "missing".
        note: one sentence for a tooltip and the data files.
        instead: what is printed in the value's place where it says more; data files keep the value.
    """

    value: Value = None
    low: float | None = None
    high: float | None = None
    stars: str = ""
    bold: bool = False
    hole: str = ""
    note: str = ""
    instead: str = ""


Gotten = Datum | Estimate | Value  # what a getter may return


@dataclass(frozen=True, slots=True)
class Column(Generic[S]):
    """What one column holds, and how it gets that from a row's subject.

    A subject is whatever a row is about. Where it has them, its `hole` is the word in the place of a missing number,
    its `role` ("method", "control", "original") sets the row apart, and its `about` names it for scripts.

    Attributes:
        key: name in data files.
        title: head of the column; `unit` is set behind it.
        kind: decides how a value is printed and aligned.
        describe: one sentence for the data dictionary.
        get: a subject's value; None or NaN if a number is missing, an empty `Datum` if there is nothing to say.
        digits: after the decimal point.
        signed: print a plus sign too.
        ends: print an interval as [low, high]; otherwise as ± half its width.
        alone: print the interval without the value, which stands in another column.
        shown: False where only data files hold it.
        spare: the page has it, and shows it if its reader asks for it.
        scale: from the getter's unit to the column's, such as 100 for a share in percent.
        identifies: whether it is part of what tells one row from all others.
        low, high: one sentence for the data dictionary on each end of an "estimate".
    """

    key: str
    title: str
    kind: Kind
    describe: str
    get: Callable[[S], Gotten]
    unit: str = ""
    digits: int = 0
    signed: bool = False
    ends: bool = False
    alone: bool = False
    shown: bool = True
    spare: bool = False
    scale: float = 1.0
    identifies: bool = False
    low: str = LOW
    high: str = HIGH

    @property
    def head(self) -> str:
        """Title with the unit, as printed."""
        return f"{self.title} ({self.unit})" if self.unit else self.title

    @property
    def is_text(self) -> bool:
        """Whether it is set flush left."""
        return self.kind in ("text", "code", "verdict", "citations")

    def datum(self, subject: S) -> Datum:
        """What the column says of a subject."""
        value = self.get(subject)
        # A getter that knows more than a number (stars, bold, a hole of its own) makes the datum, in the column's unit;
        # all others return what they measured, and the scale and the subject's hole are applied here, once.
        if isinstance(value, Datum):
            return value
        hole = getattr(subject, "hole", DASH)
        if isinstance(value, Estimate):
            return estimate(value, self.scale, hole=hole)
        if isinstance(value, str | bool) or (value is None and self.is_text):
            return Datum(value)
        return number(value, self.scale, hole=hole)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table: its data by column key, and its subject's role and names."""

    data: Mapping[str, Datum]
    role: Literal["method", "control", "original"] = "method"
    about: tuple[tuple[str, str], ...] = ()

    def __getitem__(self, key: str) -> Datum:
        return self.data[key]


def _is_empty(datum: Datum) -> bool:
    """Whether there is nothing to say: neither a value, nor a reason that it is missing for."""
    return datum.value is None and datum.hole in ("", DASH)


@dataclass(frozen=True, slots=True)
class Group:
    """Rows under one heading; an empty title prints none."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Table:
    """A table as every writer gets it.

    Attributes:
        id: anchor, label and file name.
        caption: what it holds, in at most 35 words with the finding.
        notes: set below it, one sentence each.
        empty: what to say where it has no row.
        raw: left to the data files alone.
        folded: on a page it starts folded, however short it is.
        counted: a page prints the number of its rows alone, which are in the data files.
        finding: what it shows, in a sentence that goes before the caption in bold; empty if the caption says it.
        details: how to read it, intervals and tests, folded away on a page and a note in print.
    """

    id: str
    title: str
    caption: str
    columns: tuple[Column[Any], ...]
    groups: tuple[Group, ...]
    notes: tuple[str, ...] = ()
    empty: str = ""
    raw: bool = False
    finding: str = ""
    details: str = ""
    folded: bool = False
    counted: bool = False

    def __post_init__(self) -> None:
        twice = [key for key, times in Counter(column.key for column in self.columns).items() if times > 1]
        if twice:
            raise ValueError(f"table {self.id!r}: several columns are called {', '.join(twice)}")

    @property
    def rows(self) -> Iterator[Row]:
        """All rows, group after group."""
        return (row for group in self.groups for row in group.rows)

    @property
    def size(self) -> int:
        """Number of rows."""
        return sum(len(group.rows) for group in self.groups)

    @cached_property
    def offered(self) -> tuple[Column[Any], ...]:
        """The columns that the page has, without empty ones; those that are not `shown` are its reader's to choose."""
        rows = list(self.rows)
        columns = [column for column in self.columns if column.shown]
        return tuple(column for column in columns if not rows or not all(_is_empty(row[column.key]) for row in rows))

    @property
    def shown(self) -> tuple[Column[Any], ...]:
        """The columns that are printed, at most `MOST`."""
        return tuple(column for column in self.offered if not column.spare)[:MOST]


def tabulate(
    id_: str,
    title: str,
    caption: str,
    columns: Iterable[Column[S]],
    subjects: Mapping[str, Iterable[S]],
    *,
    notes: Iterable[str] = (),
    empty: str = "",
    raw: bool = False,
    finding: str = "",
    details: str = "",
    folded: bool = False,
    counted: bool = False,
) -> Table | None:
    """A table of columns by subjects, which are grouped under headings; groups without a subject are left out.

    Returns:
        None if there is no subject at all, and no sentence `empty` to say so.
    """
    columns = tuple(columns)
    groups = [
        Group(heading, tuple(_row(columns, subject) for subject in members)) for heading, members in subjects.items()
    ]
    groups = [group for group in groups if group.rows]
    if not (groups or empty):
        return None
    return Table(
        id_, title, caption, columns, tuple(groups), tuple(notes), empty, raw, finding, details, folded, counted
    )


def _row(columns: Iterable[Column[S]], subject: S) -> Row:
    return Row(
        {column.key: column.datum(subject) for column in columns},
        getattr(subject, "role", "method"),
        getattr(subject, "about", ()),
    )


@dataclass(frozen=True, slots=True)
class Text:
    """A datum as printed, for a writer to mark up: the same strings everywhere."""

    main: str
    interval: str = ""
    stars: str = ""
    bold: bool = False
    hole: bool = False
    note: str = ""
    sort: float | str = field(default="")

    @property
    def plain(self) -> str:
        """All of it in one string."""
        return " ".join(part for part in (self.main + self.stars, self.interval) if part)


def estimate(mean: Estimate, factor: float = 1.0, *, stars: str = "", bold: bool = False, hole: str = "") -> Datum:
    """A datum from an estimate, in the column's unit: `factor` is 100 for a share printed in percent."""
    if not math.isfinite(mean.value):
        return Datum(hole=hole or "missing", note=mean.warning)
    low, high = (end * factor if math.isfinite(end) else None for end in (mean.low, mean.high))
    return Datum(mean.value * factor, low, high, stars, bold, note=mean.warning)


def number(value: float | int | None, factor: float = 1.0, *, hole: str = "missing", note: str = "") -> Datum:
    """A datum from a plain number; None and NaN are holes."""
    if value is None or not math.isfinite(value):
        return Datum(hole=hole, note=note)
    return Datum(value * factor if factor != 1.0 else value, note=note)


def recorded(name: str, kind: str, datum: Datum) -> dict[str, Any]:
    """A datum as the data files hold it: the columns of a column of that kind, by their names."""
    values: dict[str, Any] = {name: datum.value}
    if kind == "estimate":
        values |= {
            f"{name}_low": datum.low,
            f"{name}_high": datum.high,
            f"{name}_stars": datum.stars,
            f"{name}_leading": datum.bold,
        }
    if kind in ("number", "estimate", "p"):
        values[f"{name}_note"] = "; ".join(part for part in (datum.hole, datum.note) if part not in ("", DASH))
    elif datum.value is None and datum.hole != DASH:
        values[name] = datum.hole or None
    return values


def show(datum: Datum, column: Column[Any]) -> Text:
    """A datum as text."""
    if datum.value is None:
        return Text(datum.hole or DASH, hole=True, note=datum.note, sort="")
    if isinstance(datum.value, bool):
        return Text("yes" if datum.value else "no", note=datum.note, sort=str(datum.value))
    if isinstance(datum.value, str):
        words = datum.instead or datum.value
        return Text(words, stars=datum.stars, bold=datum.bold, note=datum.note, sort=words)
    main, interval = decimal(datum.value, column.digits, signed=column.signed), _interval(datum, column)
    if datum.instead:
        main, interval = datum.instead, ""
    if column.kind == "p":
        main = p_value(datum.value)
    if column.alone:
        main, interval = interval or DASH, ""
    return Text(main, interval, datum.stars, datum.bold, note=datum.note, sort=float(datum.value))


def p_value(p: float) -> str:
    """A p value as journals print it.

    >>> p_value(0.0312), p_value(0.00001), p_value(1.0)
    ('0.031', '<0.001', '1')
    """
    bound, value, digits = bounded_p(p)
    return f"{bound}{value:.{digits}f}"


def bounded_p(p: float) -> tuple[str, float, int]:
    """What stands before a p value, the number that is printed and its digits: journals give no p below 0.001."""
    if p < 0.001:
        return "<", 0.001, 3
    return "", p, 0 if p > 0.9995 else 3


def _interval(datum: Datum, column: Column[Any]) -> str:
    if datum.low is None or datum.high is None:
        return ""
    if column.ends:
        low, high = (decimal(end, column.digits, signed=column.signed) for end in (datum.low, datum.high))
        return f"[{low}, {high}]"
    return f"± {decimal((datum.high - datum.low) / 2, column.digits)}"
