"""The whole report before any writer sees it: sections of sentences, figures and tables, in order."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from bench.analysis.study import Study
from bench.profile import Theme
from bench.render import contents
from bench.render.drawings import Drawings
from bench.render.kit.dataset import Dataset
from bench.render.kit.figure import Figure
from bench.render.kit.prose import Cite, Sentence
from bench.render.kit.slugs import slugs
from bench.render.kit.style import Family, styles
from bench.render.kit.table import Table
from bench.render.references import Publication, references
from bench.render.story.matrix import NetworkMatrix, matrix
from bench.render.story.story import Story, story
from bench.render.text import sections as texts
from bench.render.text.banner import warnings
from bench.render.text.checklist import Question, checklist
from bench.render.text.reading import reading
from bench.render.text.side_by_side import side_by_side
from bench.render.text.summary import summary

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
        story: the page that opens the report.
        hero: the figure that opens it.
        warnings: for the banner.
        reading: what holds for all tables and figures.
        sections: everything but the story.
        appendix: what a paper's appendix holds of it.
        paper: figures to print in a paper's text, by the name of what they show; one for each network that it shows.
        checklist: the questions of NeurIPS's checklist that the run answers.
    """

    name: str
    prefix: str
    title: str
    study: Study
    summary: tuple[Sentence, ...]
    story: Story
    hero: Figure | None
    warnings: tuple[str, ...]
    reading: tuple[str, ...]
    sections: tuple[Section, ...]
    appendix: tuple[Section, ...]
    paper: dict[str, tuple[Figure, ...]]
    checklist: tuple[Question, ...]

    @property
    def page(self) -> str:
        """The file of its story."""
        return f"story-{self.prefix.removesuffix('-')}.html" if self.prefix else "index.html"

    @property
    def items(self) -> Iterator[Item]:
        """All tables and figures."""
        yield from self.story.figures
        yield from (item for section in self.sections for item in section.items)


@dataclass(frozen=True)
class Document:
    """What the writers print.

    Attributes:
        together: what several profiles have in common; None for a single one.
        matrix: their methods by network and profile.
        drawings: of all figures.
        guests: styles of the families that are not of Innards, by name.
    """

    title: str
    theme: Theme
    version: str
    date: str
    together: Section | None
    matrix: tuple[NetworkMatrix, ...]
    parts: tuple[Part, ...]
    references: tuple[Publication, ...]
    drawings: Drawings
    guests: dict[str, Family]

    @property
    def created(self) -> str:
        """When the last cell began, as RFC 3339 writes it; empty if none ran."""
        return max((_last_start(part.study) for part in self.parts), default="")

    @property
    def tables(self) -> list[Table]:
        """All tables that are printed."""
        return [item for item in self._items() if isinstance(item, Table)]

    @property
    def data(self) -> list[Table | Dataset]:
        """Everything with data files."""
        return [item for item in self._items() if isinstance(item, Table | Dataset) and item.size]

    @property
    def figures(self) -> list[Figure]:
        """All figures."""
        return [item for item in self._items() if isinstance(item, Figure)]

    def _items(self) -> Iterator[Item]:
        yield from self.together.items if self.together else ()
        for part in self.parts:
            yield from part.items


def compose(studies: list[Study], *, full: bool = False) -> Document:
    """The report of one profile, or of several after one another; the figures are begun first, and drawn meanwhile.

    Args:
        full: draw every figure as wide as a column, too, not only those of the story and of the short appendix.
    """
    contents.check(texts.SECTIONS)
    first = studies[0].plan
    names = slugs([study.plan.name for study in studies])
    prefixes = ["" if len(studies) == 1 else f"{name}-" for name in names]
    guests = styles(variant.family for study in studies for variant in study.plan.variants)
    others = [entry for entry in contents.entries() if entry.startswith("figures/") and entry not in contents.EARLY]
    figures: list[Built] = [{} for _ in studies]
    drawings = Drawings([], guests=guests)
    for entries in (contents.EARLY, others):
        begun = [_built(study, entries, prefix) for study, prefix in zip(studies, prefixes)]
        figures = [one | other for one, other in zip(figures, begun)]
        heroes = [hero for built in figures if (hero := _hero(built))]
        paper = [figure for built in figures for several in _for_paper(built).values() for figure in several]
        columns = None if full else _figures([_in_brief(built) for built in begun])
        drawings.begin(_figures(begun), heroes[0] if heroes else None, paper, columns)
    parts = tuple(map(_part, studies, prefixes, figures))
    together = _together(studies)
    return Document(
        title=first.report.title or _title(studies),
        theme=first.report,
        version=first.version,
        date=max((_last_start(study) for study in studies), default="")[:10],
        together=together,
        matrix=matrix(next((item for item in together.items if isinstance(item, Table)), None), studies)
        if together
        else (),
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


def _last_start(study: Study) -> str:
    provenance = study.results.provenance
    return max(map(str, provenance["started"].dropna()), default="") if "started" in provenance else ""


def _part(study: Study, prefix: str, figures: Built) -> Part:
    built = figures | _built(study, [entry for entry in contents.entries() if entry.startswith("tables/")], prefix)
    return Part(
        name=study.plan.name,
        prefix=prefix,
        title=study.plan.title or study.plan.name,
        study=study,
        summary=tuple(summary(study)),
        story=story(study, _of_story(figures)),
        hero=_hero(figures),
        warnings=tuple(warnings(study)),
        reading=tuple(reading(study)),
        sections=_sections(study, contents.CONTENTS, prefix, built),
        appendix=_sections(
            study, contents.APPENDIX, prefix, {name: _brief(name, each) for name, each in built.items()}
        ),
        paper=_for_paper(figures),
        checklist=tuple(checklist(study)),
    )


def _hero(figures: Built) -> Figure | None:
    return next((figure for chapter in _of_story(figures) for figure in chapter), None)


def _of_story(figures: Built) -> list[list[Figure]]:
    """What each entry of the story drew."""
    return [[item for item in figures.get(entry, ()) if isinstance(item, Figure)] for entry in contents.STORY]


def _in_brief(built: Built) -> Built:
    """What the story and the short appendix show of it."""
    return {entry: items for entry, items in built.items() if entry in {*contents.STORY, *contents.brief()}}


def _for_paper(figures: Built) -> dict[str, tuple[Figure, ...]]:
    names = {entry: entry.removeprefix("figures/") for entry in contents.PAPER}
    return {
        name: tuple(item for item in figures.get(entry, ()) if isinstance(item, Figure))
        for entry, name in names.items()
    }


def _first(items: Sequence[Item]) -> tuple[Item, ...]:
    """Of figures with views that a page switches between, each network's first."""
    networks = [item.network if isinstance(item, Figure) else "" for item in items]
    return tuple(item for i, item in enumerate(items) if not networks[i] or networks[i] not in networks[:i])


def _brief(entry: str, items: Sequence[Item]) -> tuple[Item, ...]:
    """What the short appendix prints of an entry: each network's first view, and the columns that fit a line."""
    patterns = contents.BRIEF.get(entry, ("*",))
    return tuple(_narrowed(item, patterns) if isinstance(item, Table) else item for item in _first(items))


def _narrowed(table: Table, patterns: Sequence[str]) -> Table:
    columns = tuple(column for column in table.shown if any(fnmatchcase(column.key, pattern) for pattern in patterns))
    if not columns or len(columns) == len(table.shown):
        return table
    return replace(table, columns=columns, notes=(*table.notes, f"More columns are in data/{table.id}.csv."))


def _sections(study: Study, headings: Sequence[contents.Heading], prefix: str, built: Built) -> tuple[Section, ...]:
    return tuple(section for heading in headings if (section := _section(study, heading, prefix, built)))


def _section(study: Study, heading: contents.Heading, prefix: str, built: Built) -> Section | None:
    items = tuple(item for entry in heading.entries for item in built[entry])
    builders = [texts.SECTIONS[name] for name in heading.sentences if name in texts.SECTIONS]
    text = tuple(sentence for build in builders for sentence in build(study))
    if not text and all(isinstance(item, Table | Dataset) and item.raw for item in items):
        return None  # nothing that the page prints
    return Section(f"{prefix}sec-{heading.id}", heading.title, text, items)


def _built(study: Study, entries: Sequence[str], prefix: str) -> Built:
    """What modules of `tables/` or `figures/` make of a study."""
    modules = {entry: importlib.import_module(f"bench.render.{entry.replace('/', '.')}") for entry in entries}
    return {entry: tuple(_items(module.build(study), prefix)) for entry, module in modules.items()}


def _figures(parts: Sequence[Built]) -> list[Figure]:
    return [item for built in parts for items in built.values() for item in items if isinstance(item, Figure)]


def _items(outcome: list[Item] | Item | None, prefix: str) -> Iterator[Item]:
    """Give items anchors that differ between profiles."""
    for item in outcome if isinstance(outcome, list) else [outcome]:
        if item is None:
            continue
        if isinstance(item, Figure):
            item = replace(item, tables=tuple(prefix + table for table in item.tables))
        yield replace(item, id=prefix + item.id)
