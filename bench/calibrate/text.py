"""The calibration table for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from bench.calibrate.rows import Row

BOUNDS = (
    "Nominal 95% must cover 92 to 98.5%, nominal 5% must reject at most 6.5%. "
    "In brackets the simulation's own 95% error, for which no allowance is made."
)


def as_text(rows: Sequence[Row]) -> str:
    """What was measured, interval by interval and test by test, and how many lie within their bounds."""
    lines, what = [], ""
    for row in sorted(rows, key=lambda row: row.what):
        if row.what != what:
            what = row.what
            lines.append(f"{what} (nominal {row.nominal:.0%})")
        lines.append(f"  {_line(row)}")
    within = sum(row.within for row in rows)
    return "\n".join([*lines, "", f"{within} of {len(rows)} within their bounds. {BOUNDS}"])


def _line(row: Row) -> str:
    sizes = ", ".join(f"{n} {unit}" for n, unit in ((row.images, "images"), (row.seeds, "seeds")) if n)
    measured = f"{100 * row.measured:5.1f}% [{100 * row.low:.1f}, {100 * row.high:.1f}]"
    scenario = f"{row.population}; {sizes}" if sizes else row.population
    return f"{measured:22} {row.status:18} {scenario}; {row.replications} replications{_warned(row)}"


def _warned(row: Row) -> str:
    if not row.warned:
        return ""
    without = "" if row.measured_unwarned is None else f", {row.measured_unwarned:.1%} covered where none was"
    return f"; a warning was given in {row.warned:.1%}{without}"
