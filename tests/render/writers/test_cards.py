from __future__ import annotations

from dataclasses import replace

from bench.render.kit.table import Column, tabulate
from bench.render.writers.cards import labels, of_summaries, quoted


def test_every_value_of_a_card_has_the_head_of_its_column():
    columns = [Column(key, key.upper(), "number", "", float, "%") for key in ("a", "b")]
    table = tabulate("t", "T", "", columns, {"": [1.0]})
    assert table is not None
    assert labels([table]).splitlines()[1] == r'[id="t"] td:nth-child(2)::before{content:"B (\25 )"}'


def test_numbers_behind_a_figure_stand_at_the_right_and_have_heads_on_a_phone():
    columns = [Column("a", "A", "text", "", str), Column("b", "B", "number", "", float, "%")]
    table = tabulate("t", "T", "", columns, {"": [1.0]})
    assert table is not None
    rules = of_summaries([table, replace(table, id="u"), replace(table, id="v", columns=table.columns[:1])])
    both = ':is([id="t-table"],[id="u-table"])'
    assert f"{both} :is(td,th):nth-child(2){{text-align:right}}" in rules
    assert rf'{both} td:nth-child(2)::before{{content:"B (\25 )"}}' in rules
    assert "v-table" not in rules
    assert "nth-child(1)" not in rules


def test_no_head_ends_the_string_or_the_style_sheet():
    for hostile in ('"}body{display:none}', "</style><script>", "\\", "\n", "😀"):
        inside = quoted(hostile)[1:-1]
        assert not set(inside) & set('"<>{}\n')
        assert inside.replace("\\5c ", "").count("\\") == inside.count("\\") - inside.count("\\5c ")
