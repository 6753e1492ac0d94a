"""JSON as it is stored: sorted keys, readable, the same bytes for the same content."""

from __future__ import annotations

import json
from functools import cache
from json.encoder import encode_basestring
from typing import Any

NESTED = (dict, list, tuple)
STRICT: Any = {"sort_keys": True, "allow_nan": False, "ensure_ascii": False}


def to_json(content: Any) -> bytes:
    """The bytes of some content, indented by one space a level; NaN and infinities are refused.

    >>> print(to_json({"b": [1, 2.5], "a": {}}).decode(), end="")
    {
     "a": {},
     "b": [
      1,
      2.5
     ]
    }
    """
    # What `json.dumps(content, indent=1)` writes. With an indent it encodes item by item in Python, which for the plan
    # of a hundred thousand cells takes ten seconds; without one in C. So what holds nothing nested is encoded in C with
    # the line break and the indent as the separator.
    return (_text(content, "\n") + "\n").encode()


def _text(content: Any, outer: str) -> str:
    """JSON of some content; `outer` is a line break with the indent of the line that it begins on."""
    if type(content) is str:  # nearly all that stands beside something nested
        return encode_basestring(content)
    if not isinstance(content, NESTED):
        return _encoder(",").encode(content)
    inner = outer + " "
    opening, closing = "{}" if isinstance(content, dict) else "[]"
    if not content:
        return opening + closing
    values = content.values() if isinstance(content, dict) else content
    if not any(isinstance(value, NESTED) for value in values):
        return opening + inner + _encoder("," + inner).encode(content)[1:-1] + outer + closing
    if isinstance(content, dict):
        if not all(isinstance(key, str) for key in content):  # they are sorted before they become texts
            return json.dumps(content, indent=1, **STRICT).replace("\n", outer)
        parts = [f"{encode_basestring(key)}: {_text(value, inner)}" for key, value in sorted(content.items())]
    else:
        parts = [_text(value, inner) for value in content]
    return opening + inner + ("," + inner).join(parts) + outer + closing


@cache
def _encoder(separator: str) -> json.JSONEncoder:
    return json.JSONEncoder(separators=(separator, ": "), **STRICT)
