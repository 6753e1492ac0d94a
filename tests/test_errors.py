from hypothesis import given
from hypothesis import strategies as st

from bench.errors import InputError, did_you_mean


def test_the_nearest_name_comes_first():
    assert did_you_mean("magnitud", ["float16", "magnitude"]).startswith("did you mean 'magnitude'?")


def test_several_mistakes_are_kept_apart():
    assert InputError(["a", "b"]).problems == ("a", "b")
    assert str(InputError("a")) == "a"


@given(st.text(), st.lists(st.text()))
def test_any_name_and_any_list_give_a_sentence(given_name, allowed):
    assert "Allowed: " in did_you_mean(given_name, allowed)
