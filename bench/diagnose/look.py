"""A diagnostic as a profile asks for it: with its settings, and the variants that it looks into."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from bench.compress.variant import Variant
from bench.diagnose.diagnostic import Diagnostic
from bench.errors import did_you_mean
from bench.roles import CONTROLS, ORIGINAL


@dataclass(frozen=True)
class Look:
    """A diagnostic and the variants that it looks into; the controls are shown beside each of them.

    Attributes:
        variants: their labels.
        all: whether these are all variants.
    """

    diagnostic: Diagnostic
    variants: tuple[str, ...]
    all: bool


def asked_for(name: str, patterns: Any, variants: tuple[Variant, ...], problems: list[str]) -> tuple[str, ...]:
    """Labels of the variants that a diagnostic looks into.

    Args:
        patterns: from the profile, a tuple of shell patterns for labels of methods; None for all but the original.
        problems: gets one sentence for each mistake.
    """
    every = tuple(variant.label for variant in variants if variant.label != ORIGINAL)
    if patterns is None:
        return every
    methods = [label for label in every if label not in CONTROLS]
    if not isinstance(patterns, tuple) or not patterns or not all(isinstance(pattern, str) for pattern in patterns):
        problems.append(
            f"diagnostic {name!r}, setting 'variants': give a list of labels of this profile's methods, such as "
            f'variants = ["magnitude:*"], given {patterns!r}'
        )
        return ()
    for pattern in patterns:
        if not any(fnmatchcase(label, pattern) for label in methods):
            hint = did_you_mean(pattern, methods)
            problems.append(
                f"diagnostic {name!r}, setting 'variants': no method of this profile is {pattern!r}; {hint}"
            )
    return tuple(label for label in methods if any(fnmatchcase(label, pattern) for pattern in patterns))
