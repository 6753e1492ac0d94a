"""Mistakes of the person at the keyboard, and the sentences that name them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class InputError(Exception):
    """A mistake of the user's: one clear sentence per mistake, and exit code 2.

    Args:
        problems: one sentence, or several if all mistakes can be reported at once. A sentence says what is
            wrong, where, and what was expected.
    """

    def __init__(self, problems: str | Iterable[str]):
        self.problems = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))


def did_you_mean(name: str, allowed: Iterable[str]) -> str:
    """The tail of a sentence about an unknown name: the nearest valid name if one is at all like it, then all of them.

    >>> did_you_mean("resnet21", ["resnet8", "resnet20"])
    "did you mean 'resnet20'? Allowed: resnet20, resnet8"
    >>> did_you_mean("", ["resnet8", "resnet20"])
    'Allowed: resnet20, resnet8'
    """
    options = sorted(set(allowed))
    close = nearest(name, options)
    hint = f"did you mean {close!r}? " if close is not None else ""
    return f"{hint}Allowed: {', '.join(options) or '(nothing)'}"


def nearest(name: str, allowed: Iterable[str]) -> str | None:
    """The allowed name that is most like a name, in any case of letters; None if they have no letter in common.

    >>> nearest("INT8", ["float16", "int8-per-channel"])
    'int8-per-channel'
    """
    # Three kinds of likeness, best first: a typing mistake (difflib's ratio 2M/T, for M equal letters of T in both
    # names, is at least 0.4), a name of which only a part was typed, and whatever is nearest, however far.
    options = {option.casefold(): option for option in allowed}
    folded = name.casefold()
    close = difflib.get_close_matches(folded, options, n=1, cutoff=0.4)
    parts = [
        option for option in options if min(len(option), len(folded)) > 2 and (folded in option or option in folded)
    ]
    far = difflib.get_close_matches(folded, options, n=1, cutoff=0.01)
    return next((options[option] for option in [*close, *parts, *far]), None)
