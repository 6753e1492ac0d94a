from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import pytest
from pydantic import ConfigDict, Field

from bench.errors import InputError
from bench.settings import validated

Share = Annotated[float, Field(gt=0, lt=1)]


@dataclass(frozen=True)
class Thinned:
    __pydantic_config__ = ConfigDict(extra="forbid")

    ratio: Share | tuple[Share, ...] = 0.5
    rounds: Annotated[int, Field(ge=1)] = 1


def problems(**settings) -> list[str]:
    with pytest.raises(InputError) as caught:
        validated(Thinned, "method 'thinned'", settings)
    return list(caught.value.problems)


@pytest.mark.parametrize(
    ("ratio", "said"),
    [
        (2, ["method 'thinned', setting 'ratio': input should be less than 1, given 2"]),
        ([0.5, 3], ["method 'thinned', setting 'ratio.1': input should be less than 1, given 3"]),
        (None, ["method 'thinned', setting 'ratio': input should be a valid number, given None"]),
    ],
)
def test_of_a_setting_of_several_kinds_one_sentence_about_the_kind_that_was_given(ratio, said):
    assert problems(ratio=ratio) == said


def test_all_mistakes_at_once_and_the_nearest_name():
    assert problems(ratios=0.5, rounds=0) == [
        "method 'thinned', setting 'rounds': input should be greater than or equal to 1, given 0",
        "method 'thinned' has no setting 'ratios': did you mean 'ratio'? Allowed: ratio, rounds",
    ]


def test_what_fits_is_taken():
    assert validated(Thinned, "it", {"ratio": [0.5, 0.25]}).ratio == (0.5, 0.25)


def test_true_is_no_number():
    assert problems(rounds=True) == ["method 'thinned', setting 'rounds': a number is expected, given True"]
