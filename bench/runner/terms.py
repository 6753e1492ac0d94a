"""The terms that a profile's claims are judged by, kept from its first cell on: margins, alpha, primary outcome.

A margin that is chosen after the results are seen proves nothing. Terms are no part of any cell's key, since they
change no measurement; so `runs/<profile>/` keeps them beside its cells in `margins-1.json`, written with the first cell
and never again. Later terms become `margins-2.json` and so on, each with its date and the number of cells that were
done by then, and each holds the hash of the one before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from bench import folders
from bench.folders import Damaged
from bench.profile import Profile
from bench.runner.store import Store, to_json
from bench.task import task

MOST = 10_000  # records, after which something else is wrong


class Terms(BaseModel):
    """What claims are judged by.

    Attributes:
        margins: by name, see `bench.profile.Margins`.
        inside: the measures that must agree before an inside is called the same.
        primary: the task's primary outcome, e.g. "classification: accuracy".
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    alpha: float
    margins: dict[str, float]
    inside: tuple[str, ...]
    primary: str

    def changes(self, later: Terms) -> tuple[str, ...]:
        """What other terms have otherwise, e.g. ("accuracy 0.5 → 1",)."""
        before, after = self._named(), later._named()
        names = [*before, *(name for name in after if name not in before)]
        return tuple(
            f"{name} {before.get(name, 'none')} → {after.get(name, 'none')}"
            for name in names
            if before.get(name) != after.get(name)
        )

    def _named(self) -> dict[str, str]:
        margins = {name: f"{margin:g}" for name, margin in sorted(self.margins.items())}
        inside = " + ".join(self.inside)
        return {
            **margins,
            "alpha": f"{self.alpha:g}",
            "measures of the inside": inside,
            "primary outcome": self.primary,
        }


class Record(BaseModel):
    """Terms as they were kept.

    Attributes:
        date: when, UTC, as in "2026-11-29T00:45:00+00:00".
        cells: how many of the folder's cells were done by then; 0 if the first was about to be kept.
        planned: how many cells the plan had.
        before: hash of the record before; empty in the first.
        sha256: of everything else.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    date: datetime
    cells: int
    planned: int
    terms: Terms
    before: str = ""
    sha256: str = ""

    def hashed(self) -> str:
        """What `sha256` must be."""
        return folders.checksum(to_json(self.model_dump(mode="json", exclude={"sha256"})))


@dataclass(frozen=True)
class History:
    """The terms of a folder, the first ones first.

    Attributes:
        records: those that can be read and are what was written.
        problems: what is wrong with the others, one sentence each.
        last: number of the last file, sound or not.
    """

    records: tuple[Record, ...] = ()
    problems: tuple[str, ...] = ()
    last: int = 0

    @property
    def first(self) -> Record | None:
        """The first record that can be read."""
        return self.records[0] if self.records else None

    def sentences(self) -> tuple[str, ...]:
        """What a reader must know of them, one sentence each; none if they were kept at the first cell and stayed."""
        return (*self._late(), *self._changes(), *self.problems)

    def _late(self) -> tuple[str, ...]:
        if self.records and self.records[0].cells:
            first = self.records[0]
            return (
                f"The margins were first kept after {_done(first)}: whether they were others before is not recorded.",
            )
        return ()

    def _changes(self) -> tuple[str, ...]:
        pairs = zip(self.records, self.records[1:], strict=False)
        return tuple(
            f"The margins were changed after {_done(later)}: {', '.join(changes)}."
            for before, later in pairs
            if later.cells and (changes := before.terms.changes(later.terms))
        )


def of(profile: Profile) -> Terms:
    """The terms of a profile."""
    settings = profile.file
    return Terms(
        alpha=settings.alpha,
        margins=settings.margins.model_dump(),
        inside=tuple(settings.similarity.inside),
        primary=f"{settings.task}: {task(settings.task).primary.metric}",
    )


def read(folder: Path) -> History:
    """What a folder of runs keeps; empty in those of older versions."""
    records: list[Record] = []
    problems: list[str] = []
    numbers = sorted(_numbers(folder))
    before = ""
    for number in range(1, numbers[-1] + 1 if numbers else 1):
        name = name_of(number)
        try:
            record = Record.model_validate_json((folder / name).read_bytes())
        except FileNotFoundError:
            problems.append(f"{name}, which kept the margins, is missing.")
        except (OSError, ValueError, ValidationError):
            problems.append(f"{name}, which kept the margins, cannot be read.")
        else:
            if record.sha256 != record.hashed() or (not problems and record.before != before):
                problems.append(f"{name}, which kept the margins, was changed since it was written.")
            else:
                records.append(record)
                before = record.sha256
    return History(tuple(records), tuple(problems), numbers[-1] if numbers else 0)


def keep(store: Store, terms: Terms, planned: int, *, first: bool = False) -> History:
    """Keep terms, unless they are those that were kept last; returns all that are kept now.

    Before there is a cell nothing is kept, because nothing was seen: terms may change until then.

    Args:
        planned: number of cells in the plan.
        first: whether the first cell is about to be kept.

    Raises:
        InputError: the folder cannot be written.
    """
    # Several runs may work shards of one profile in one folder. A record is put in place by a hard link, which fails
    # where one stands already: whoever comes second reads it, and adds the next if the terms are others.
    for _ in range(MOST):
        history = read(store.folder)
        if history.records and history.records[-1].terms == terms:
            return history
        cells = sum(1 for key in store.keys() if _is_done(store, key))  # noqa: SIM118 - a Store is no mapping
        if not cells and not first and not history.last:
            return history
        record = Record(
            date=datetime.now(UTC).replace(microsecond=0),
            cells=cells,
            planned=planned,
            terms=terms,
            before=history.records[-1].sha256 if history.records else "",
        )
        content = record.model_copy(update={"sha256": record.hashed()}).model_dump(mode="json")
        with folders.writable(str(store.folder)):
            if folders.write_once(store.folder / name_of(history.last + 1), to_json(content)):
                break  # another run's record may follow it already, which is no reason to write this one again
    return read(store.folder)


def _is_done(store: Store, key: str) -> bool:
    try:
        return store.error(key) is None
    except Damaged:
        return False


def name_of(number: int) -> str:
    """The file of a record."""
    return f"margins-{number}.json"


def _numbers(folder: Path) -> list[int]:
    stems = (path.stem.removeprefix("margins-") for path in folder.glob("margins-*.json"))
    return [int(stem) for stem in stems if stem.isdecimal() and 1 <= int(stem) <= MOST]


def _done(record: Record) -> str:
    of = f" of {record.planned:,}" if record.cells <= record.planned else ""
    return f"{record.cells:,}{of} cells were done ({record.date:%Y-%m-%d})"
