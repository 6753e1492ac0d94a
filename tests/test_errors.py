import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import InputError, did_you_mean, nearest


def test_the_nearest_name_comes_first():
    assert did_you_mean("magnitud", ["float16", "magnitude"]).startswith("did you mean 'magnitude'?")


@pytest.mark.parametrize("given_name", ["", "zzzz", "!?"])
def test_nothing_alike_is_not_guessed(given_name):
    assert did_you_mean(given_name, ["float16", "xnor-net"]) == "Allowed: float16, xnor-net"


@pytest.mark.parametrize(
    ("given_name", "near"),
    [
        ("Magnitude", "magnitude"),
        ("xnor", "xnor-net"),
        ("int8", "int8-per-channel"),
        ("magnitude_finetune", "magnitude"),
        ("nonsense", "xnor-net"),
    ],
)
def test_case_and_parts_are_likeness(given_name, near):
    assert nearest(given_name, ["magnitude", "xnor-net", "int8-per-channel"]) == near


def test_several_mistakes_are_kept_apart():
    assert InputError(["a", "b"]).problems == ("a", "b")
    assert str(InputError("a")) == "a"


@given(st.text(), st.lists(st.text()))
def test_any_name_and_any_list_give_a_sentence(given_name, allowed):
    assert "Allowed: " in did_you_mean(given_name, allowed)
