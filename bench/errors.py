"""Mistakes of the person at the keyboard, and the sentences that name them."""

from __future__ import annotations

import difflib
import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

MEMORY = "it needs more memory than there is"
QUOTED = 200  # characters of another library's error
# PyTorch's allocators, CUDA's libraries, C++ and NumPy have no class of error of their own for memory that runs out.
OUT_OF_MEMORY = (
    "allocate memory",
    "not enough memory",
    "out of memory",
    "bad_alloc",
    "ALLOC_FAILED",
    "Storage size calculation overflowed",
    "array is too big",
    "Maximum allowed dimension exceeded",
    "Maximum allowed size exceeded",
)


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


def limit(error: BaseException) -> str | None:
    """Why memory or numbers, and no mistake of ours, ended a computation, as a clause; None for any other error.

    >>> limit(MemoryError())
    'it needs more memory than there is'
    >>> limit(KeyError("x"))
    """
    # Found by name, so that commands which do without NumPy and PyTorch need not import them to ask.
    kind, text = type(error).__name__, str(error)
    worded = isinstance(error, (RuntimeError, ValueError)) and any(words in text for words in OUT_OF_MEMORY)
    full = isinstance(error, OSError) and error.errno == errno.ENOMEM
    if isinstance(error, MemoryError) or worded or full:
        return MEMORY
    if kind in ("LinAlgError", "_LinAlgError", "ArpackError", "ArpackNoConvergence"):
        return f"its weights or feature maps cannot be decomposed: {text.partition(chr(10))[0][:QUOTED]}"
    return None


@contextmanager
def limits(what: str) -> Iterator[None]:
    """Turn what `limit` knows into a sentence about `what`.

    Raises:
        InputError: memory ran out, or a decomposition did not converge.
    """
    try:
        yield
    except Exception as error:
        if (reason := limit(error)) is None:
            raise
        raise InputError(f"{what}: {reason}") from error
