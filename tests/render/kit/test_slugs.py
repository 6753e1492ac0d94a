from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from bench.render.kit.slugs import slugs


def test_names_that_are_files_already_stay():
    assert slugs(["digits", "smoke", "cifar10_cpu"]) == ["digits", "smoke", "cifar10_cpu"]


def test_names_that_differ_by_case_alone_are_told_apart():
    assert slugs(["a", "A", "a_2"]) == ["a", "A_2", "a_2_2"]


@given(st.lists(st.text(), min_size=1, max_size=8))
def test_whatever_the_names_are_files_are_safe_and_distinct(names: list[str]):
    several = slugs(names)
    assert len({slug.lower() for slug in several}) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_]{1,70}", slug) for slug in several)  # so that no slug begins another's files
