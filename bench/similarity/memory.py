"""How much memory a measure may take, and the sentence that refuses one that needs more."""

from __future__ import annotations

from pathlib import Path

from bench.errors import InputError

ALLOWED = 8 * 10**9  # bytes, beside the activations themselves
NUMBER = 8  # bytes of a float64
MACHINE = Path("/proc/meminfo")


def allowed() -> float:
    """Bytes that a measure may take: ALLOWED, or what the machine has left if that is less and known."""
    try:
        lines = dict(line.split(":") for line in MACHINE.read_text(encoding="ascii").splitlines())
        left = float(lines["MemAvailable"].removesuffix("kB")) * 1024.0
    except (OSError, ValueError, KeyError):  # no Linux
        return float(ALLOWED)
    return min(float(ALLOWED), left)


# Asked before anything is computed: where the system promises more memory than it has, a process that takes too much is
# ended, and is not told.
def refuse_beyond(needed: float, title: str, n: int, d1: int, d2: int) -> None:
    """Raise InputError, with both numbers, if a measure needs more bytes than it may take."""
    may = allowed()
    if needed > may:
        raise InputError(
            f"{title} needs {needed / 1e9:.3g} GB of memory for {n} images with {d1} and {d2} units, and "
            f"{may / 1e9:.3g} GB are allowed."
        )


def of_pairs(n: int) -> float:
    """Bytes of a matrix of all pairs of n images."""
    return float(NUMBER) * n**2
