"""The whole report before any writer sees it: sections of sentences, figures and tables, in order."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from bench.analysis.study import Study
from bench.profile import Theme
from bench.render import contents
from bench.render.drawings import Drawings
from bench.render.kit.dataset import Dataset
from bench.render.kit.figure import Figure
from bench.render.kit.prose import Cite, Sentence
from bench.render.kit.style import Family, styles
from bench.render.kit.table import Table
from bench.render.references import Publication, references
from bench.render.text import captions
from bench.render.text import sections as texts
from bench.render.text.banner import warnings
from bench.render.text.side_by_side import side_by_side
from bench.render.text.summary import Headline, headlines, summary

Item = Table | Dataset | Figure
Built = dict[str, tuple[Item, ...]]  # by name in the contents


@dataclass(frozen=True)
class Section:
    """A heading with what stands under it."""

    id: str
    title: str
    text: tuple[Sentence, ...]
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Part:
    """One profile's results.

    Attributes:
        name: the profile; `prefix` goes before its anchors, and is empty for a single profile.
        summary: the answer, in paragraphs.
        headlines: the answer, one card per model.
        hero: the figure that opens the page.
        warnings: for the banner.
    """

    name: str
    prefix: str
    title: str
    study: Study
    summary: tuple[Sentence, ...]
    headlines: tuple[Headline, ...]
    hero: Figure | None
    warnings: tuple[str, ...]
    sections: tuple[Section, ...]

    @property
    def items(self) -> Iterator[Item]:
        """All tables and figures."""
        yield from [self.hero] if self.hero else []
        yield from (item for section in self.sections for item in section.items)


@dataclass(frozen=True)
class Document:
    """What the writers print.

    Attributes:
        together: what several profiles have in common; None for a single one.
        drawings: of all figures.
        guests: styles of the families that are not of Innards, by name.
    """

    title: str
    theme: Theme
    version: str
    date: str
    together: Section | None
    parts: tuple[Part, ...]
    references: tuple[Publication, ...]
    drawings: Drawings
    guests: dict[str, Family]

    @property
    def tables(self) -> list[Table]:
        """All tables that are printed."""
        return [item for item in self._items() if isinstance(item, Table)]

    @property
    def data(self) -> list[Table | Dataset]:
        """Everything with data files."""
        return [item for item in self._items() if isinstance(item, Table | Dataset)]

    @property
    def figures(self) -> list[Figure]:
        """All figures."""
        return [item for item in self._items() if isinstance(item, Figure)]

    def _items(self) -> Iterator[Item]:
        yield from self.together.items if self.together else ()
        for part in self.parts:
            yield from part.items


def compose(studies: list[Study]) -> Document:
    """The report of one profile, or of several after one another; the figures are begun first, and drawn meanwhile."""
    contents.check(texts.SECTIONS)
    first = studies[0].plan
    prefixes = ["" if len(studies) == 1 else f"{study.plan.name}-" for study in studies]
    guests = styles(variant.family for study in studies for variant in study.plan.variants)
    figures = [_built(study, "figures/", prefix) for study, prefix in zip(studies, prefixes)]
    heroes = [hero for built in figures if (hero := _hero(built))]
    drawings = Drawings(
        [item for built in figures for items in built.values() for item in items if isinstance(item, Figure)],
        heroes[0] if heroes else None,
        guests=guests,
    )
    parts = tuple(map(_part, studies, prefixes, figures))
    return Document(
        title=first.report.title or _title(studies),
        theme=first.report,
        version=first.version,
        date=max((_last_day(study) for study in studies), default=""),
        together=_together(studies),
        parts=parts,
        references=references(
            (key for part in parts for key in _cited(part)), "\n".join(study.plan.bibtex for study in studies)
        ),
        drawings=drawings,
        guests=guests,
    )


def _together(studies: list[Study]) -> Section | None:
    comparison = side_by_side(studies)
    if comparison is None:
        return None
    return Section("together", "Side by side", comparison.text, (comparison.table,) if comparison.table else ())


def _cited(part: Part) -> Iterator[str]:
    """Keys of the papers behind the part's methods and diagnostics, and of those that its texts and tables cite."""
    plan = part.study.plan
    for variant in plan.variants:
        yield from variant.sources
    for look in plan.diagnostics.values():
        yield from look.sources
    sentences = (sentence for section in part.sections for sentence in section.text)
    yield from (str(piece) for sentence in sentences for piece in sentence if isinstance(piece, Cite))
    tables = (item for item in part.items if isinstance(item, Table))
    yield from (key for table in tables for key in _keys(table))


def _keys(table: Table) -> Iterator[str]:
    """Keys in the columns of citations."""
    columns = [column.key for column in table.columns if column.kind == "citations"]
    for row in table.rows:
        yield from (citation for key in columns for citation in str(row[key].value or "").split())


def _title(studies: list[Study]) -> str:
    titles = [study.plan.title for study in studies if study.plan.title not in ("", study.plan.name)]
    return " and ".join(titles) or f"What compression costs, and what it does to the inside: {studies[0].plan.name}"


def _last_day(study: Study) -> str:
    provenance = study.results.provenance
    return max(map(str, provenance["started"].dropna()), default="")[:10] if "started" in provenance else ""


def _part(study: Study, prefix: str, figures: Built) -> Part:
    built = figures | _built(study, "tables/", prefix)
    return Part(
        name=study.plan.name,
        prefix=prefix,
        title=study.plan.title or study.plan.name,
        study=study,
        summary=tuple(summary(study)),
        headlines=tuple(headlines(study)),
        hero=_hero(figures),
        warnings=tuple(warnings(study)),
        sections=tuple(
            section for heading in contents.CONTENTS if (section := _section(study, heading, prefix, built))
        ),
    )


def _hero(figures: Built) -> Figure | None:
    return next((item for item in figures[contents.OPENING] if isinstance(item, Figure)), None)


def _section(study: Study, heading: contents.Heading, prefix: str, built: Built) -> Section | None:
    items = tuple(item for entry in heading.entries for item in built[entry])
    text = tuple(texts.SECTIONS[heading.id](study)) if heading.id in texts.SECTIONS else ()
    if not items and not text:
        return None
    return Section(f"{prefix}sec-{heading.id}", heading.title, text, items)


def _built(study: Study, folder: str, prefix: str) -> Built:
    """What the modules of `tables/` or `figures/` make of a study."""
    entries = [contents.OPENING, *(entry for heading in contents.CONTENTS for entry in heading.entries)]
    modules = {
        entry: importlib.import_module(f"bench.render.{entry.replace('/', '.')}")
        for entry in entries
        if entry.startswith(folder)
    }
    return {entry: tuple(_items(study, module.build(study), prefix)) for entry, module in modules.items()}


def _items(study: Study, outcome: list[Item] | Item | None, prefix: str) -> Iterator[Item]:
    """Give items anchors that differ between profiles, and name version and profile in every caption."""
    for item in outcome if isinstance(outcome, list) else [outcome]:
        if item is None:
            continue
        caption = captions.joined(item.caption, captions.version(study))
        if isinstance(item, Figure):
            item = replace(item, tables=tuple(prefix + table for table in item.tables))
        yield replace(item, id=prefix + item.id, caption=caption)
