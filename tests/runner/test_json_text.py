import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.runner.json_text import to_json

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
CONTENT = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text(), inner)
        | st.dictionaries(st.integers(), inner)
    ),
)


@given(CONTENT)
def test_it_is_what_python_writes_with_an_indent(content):
    text = json.dumps(content, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n"
    try:
        expected = text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair is no text
        with pytest.raises(UnicodeEncodeError):
            to_json(content)
    else:
        assert to_json(content) == expected


@pytest.mark.parametrize("content", [float("nan"), [float("inf")], {"a": [{"b": float("-inf")}]}])
def test_what_is_no_number_is_refused(content):
    with pytest.raises(ValueError, match="JSON compliant"):
        to_json(content)


def test_what_is_no_json_is_refused():
    with pytest.raises(TypeError):
        to_json({"a": [{1, 2}]})
