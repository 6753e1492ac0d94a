"""Names of profiles as parts of file names and anchors: safe on every system, and never one for two profiles."""

from __future__ import annotations

import re
from collections.abc import Sequence

LONGEST = 60  # characters; file systems take 255 bytes for a name, of which endings and tables need some


def slugs(names: Sequence[str]) -> list[str]:
    """One name per profile, which tells profiles apart on systems that take no heed of case too.

    >>> slugs(["digits", "Digits", "../../etc/passwd", "digits-activation", "数"])
    ['digits', 'Digits_2', 'etc_passwd', 'digits_activation', 'profile']
    """
    # What stands behind a slug begins with a hyphen ("digits-blocks"). A slug with a hyphen could be another slug with
    # the beginning of a table's name behind it, and two profiles would then write one file: "-" becomes "_".
    taken: set[str] = set()
    chosen = []
    for name in names:
        base = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")[:LONGEST] or "profile"
        slug, number = base, 1
        while slug.lower() in taken:
            number += 1
            slug = f"{base}_{number}"
        taken.add(slug.lower())
        chosen.append(slug)
    return chosen
