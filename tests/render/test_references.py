from __future__ import annotations

from pathlib import Path

import bench
from bench import registry
from bench.compress.method import Method
from bench.render.references import library, parse, references

ENTRY = r"""
@article{groesser2020, author = {Gr{\"o}{\ss}er, Zo{\'e} and B{\^a}rsan, Ioan}, title = {On {CNN}s and
  more}, journal = "J", year = 2020, doi = {10.1/x}}
@misc{other, author={A, B}, title={T}, year={1999}}
"""


def test_entries_are_read_as_text():
    first, second = parse(ENTRY)
    assert (first.key, first.title, first.year) == ("groesser2020", "On CNNs and more", "2020")
    assert first.people == "Zoé Größer, Ioan Bârsan"
    assert first.short == "Größer and Bârsan 2020"
    assert first.link == "https://doi.org/10.1/x"
    assert first.bibtex.startswith("@article{groesser2020")
    assert first.bibtex.endswith("doi = {10.1/x}}")
    assert second.short == "A 1999"


def test_quoted_values_may_hold_commas_and_escaped_signs():
    entry = r"""@article{m, author = "M{\"u}ller, Ann and B, C", title = "50\% less, for \$1", year=2020}"""
    (reference,) = parse(entry)
    assert reference.people == "Ann Müller, C B"
    assert (reference.title, reference.year) == ("50% less, for $1", "2020")


def test_only_known_keys_are_listed_once():
    assert [each.key for each in references(["han2015learning", "no such", "han2015learning"])] == ["han2015learning"]


def test_the_rooms_bibliographies_are_merged():
    files = sorted(Path(bench.__file__).parent.glob("*/references.bib"))
    keys = {reference.key for file in files for reference in parse(file.read_text(encoding="utf-8"))}
    assert keys == set(library())
    for reference in library().values():
        assert reference.author, reference.key
        assert reference.title, reference.key
        assert reference.year.isdigit(), reference.key


def test_an_entry_may_carry_its_paper():
    (paper,) = references(["other", "no such"], ENTRY)
    assert paper.short == "A 1999"


def test_every_method_cites_a_paper_that_is_there():
    for name in registry.names("bench.compress.methods"):
        method = registry.subclass("bench.compress.methods", name, Method, "method")
        keys = registry.sources(method)
        assert len(references(keys, method.bibtex)) == len(keys), name
