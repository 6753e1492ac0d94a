"""What the cells recorded of the code and the machines that ran them."""

from __future__ import annotations

from bench.analysis.study import Study


def distinct(study: Study, field: str) -> str:
    """All values of a provenance field, sorted; the same for all cells in the ordinary case."""
    found = study.results.provenance
    values = found[field].dropna().tolist() if field in found else []
    return "; ".join(sorted({_word(value) for value in values})) or "not recorded"


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
