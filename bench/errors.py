"""Mistakes of the person at the keyboard, and the sentences that name them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class InputError(Exception):
    """Something given from outside cannot be used: one clear sentence a mistake, exit code 2.

    Args:
        problems: one sentence, or several where all mistakes can be told at once. Each says what is
            wrong, where, and what was expected.
    """

    def __init__(self, problems: str | Iterable[str]):
        self.problems = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))


def did_you_mean(given: str, allowed: Iterable[str]) -> str:
    """The tail of a sentence about an unknown name: the nearest valid name, then all of them.

    >>> did_you_mean("resnet21", ["resnet8", "resnet20"])
    "did you mean 'resnet20'? Allowed: resnet20, resnet8"
    """
    options = sorted(set(allowed))
    close = difflib.get_close_matches(given, options, n=1, cutoff=0.0)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{hint}Allowed: {', '.join(options) or '(nothing)'}"
