from __future__ import annotations

import pytest

from bench.analysis.study import Study
from bench.render.document import compose
from bench.render.kit.table import Column, Table, tabulate
from bench.render.writers import tabular
from bench.render.writers.tabular import LINE, tabulars

NAME: Column[tuple[str, float]] = Column("name", "Name", "text", "A name.", lambda row: row[0])


def table(columns: int, name: str = "resnet8", value: float = 1234.5) -> Table:
    numbers = [
        Column(f"x{i}", f"X{i}", "number", "A number.", lambda row: row[1], digits=1)  # type: ignore[misc]
        for i in range(columns)
    ]
    made = tabulate("t", "T", "", [NAME, *numbers], {"": [(name, value)] * 3})
    assert made is not None
    return made


def test_a_narrow_table_is_set_in_one_piece():
    (only,) = tabulars(table(3))
    assert [column.key for column in only.columns] == ["name", "x0", "x1", "x2"]
    assert only.specification.count("p{") == 1


def test_a_wide_table_is_divided_with_the_names_repeated():
    parts = tabulars(table(7, value=1e30))
    assert len(parts) > 1
    assert all(part.columns[0] == NAME for part in parts)
    assert len({column.key for part in parts for column in part.columns}) == 8


@pytest.mark.parametrize("name", ["x" * 200, "several words " * 20])
def test_words_wrap_into_what_the_numbers_leave(name: str):
    for part in tabulars(table(8, name)):
        assert part.widths[NAME] + sum(part.needs[column] for column in part.columns if column != NAME) <= LINE
        assert part.lines > 6


def test_every_table_of_a_report_fits_its_line(study: Study):
    for made in compose([study]).tables:
        for part in tabulars(made):
            wide = sum(part.widths.get(column, part.needs[column]) for column in part.columns)
            assert wide <= LINE, made.id


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("", 40, 1),
        ("one", 40, 1),
        ("four four four four", 40, 2),
        ("a wordthatiswiderthanthewholeline b", 40, 5),
        ("NNCF PTQ; Magnitude, fine-tuned (sparsity 0.9); Li (ratio 0.5)", 74, 5),
    ],
)
def test_texts_wrap_between_words(text, width, lines):
    assert tabular._wrapped(text, width) == lines


def test_no_part_of_a_divided_table_is_left_with_a_single_column():
    for count in range(5, 40):
        sizes = [len(part.columns) for part in tabulars(table(count))]
        assert max(sizes) - min(sizes) <= len(sizes), count


@pytest.mark.slow
def test_dividing_evenly_takes_no_more_parts(study: Study):
    for made in [*compose([study]).tables, *(table(count) for count in range(3, 40))]:
        parts = tabulars(made)
        needs = {column: need for column, need in parts[0].needs.items() if not tabular._needless(made, column)}
        assert len(parts) == len(list(tabular._parts(made, needs, LINE)))


def test_first_and_last_rows_stay_together_unless_they_are_tall():
    def tied(name: str) -> list[bool]:
        made = tabulate("t", "T", "", [NAME], {"": [(name, 0.0)] * 20})
        assert made is not None
        (only,) = tabulars(made)
        return only.tied

    assert tied("short") == [True] * 3 + [False] * 12 + [True] * 4 + [False]
    tall = tied("several words " * 40)  # at least five lines a row
    assert tall == [True] + [False] * 17 + [True, False]
