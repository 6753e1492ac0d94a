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
    """The tail of a sentence about an unknown name: the nearest valid name if one is at all like it, then all of them.

    >>> did_you_mean("resnet21", ["resnet8", "resnet20"])
    "did you mean 'resnet20'? Allowed: resnet20, resnet8"
    >>> did_you_mean("", ["resnet8", "resnet20"])
    'Allowed: resnet20, resnet8'
    """
    options = sorted(set(allowed))
    close = nearest(given, options)
    hint = f"did you mean {close!r}? " if close is not None else ""
    return f"{hint}Allowed: {', '.join(options) or '(nothing)'}"


def nearest(given: str, allowed: Iterable[str]) -> str | None:
    """The name most like what was given, whatever the case; None where they have no letter in common.

    One that shares two letters of five comes first, then one that is a part of the other, then what is left.

    >>> nearest("INT8", ["float16", "int8-per-channel"])
    'int8-per-channel'
    """
    folded = {name.casefold(): name for name in allowed}
    wanted = given.casefold()
    close = difflib.get_close_matches(wanted, folded, n=1, cutoff=0.4)
    parts = [name for name in folded if min(len(name), len(wanted)) > 2 and (wanted in name or name in wanted)]
    any_ = difflib.get_close_matches(wanted, folded, n=1, cutoff=0.01)
    return next((folded[name] for name in [*close, *parts, *any_]), None)
