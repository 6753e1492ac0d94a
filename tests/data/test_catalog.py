from __future__ import annotations

import pytest

from bench import registry
from bench.data.catalog import PACKAGE, find
from bench.data.source import Source
from bench.errors import InputError


def test_every_file_is_a_source_that_says_what_it_is():
    sources = registry.names(PACKAGE)
    assert {"digits", "folder"} < set(sources)
    for name in sources:
        takes = registry.subclass(PACKAGE, name, Source, "source").takes
        source = find(f"{name}:x" if takes else name)
        assert source.name and source.title
        assert registry.summary(PACKAGE, name)


def test_an_unknown_source():
    expected = r"unknown data source 'cifar11': did you mean 'cifar10'\? Allowed: .*digits, folder:PATH"
    with pytest.raises(InputError, match=expected):
        find("cifar11")


@pytest.mark.parametrize("private", ["_cache", "", ":", "../zoo"])
def test_helpers_are_no_sources(private):
    with pytest.raises(InputError, match="unknown data source"):
        find(private)


@pytest.mark.parametrize(
    ("given", "form"),
    [("folder", "folder:PATH"), ("folder:", "folder:PATH"), ("digits:8", "digits"), ("mnist:", "mnist")],
)
def test_a_source_with_too_little_or_too_much(given, form):
    with pytest.raises(InputError, match=f"data source '{given}': write it as '{form}'"):
        find(given)


def test_a_path_may_hold_colons():
    assert find("folder:C:/images").argument == "C:/images"
