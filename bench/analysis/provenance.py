"""What the cells recorded of the code and the machines that ran them."""

from __future__ import annotations

from bench.analysis.study import Study


def distinct(study: Study, field: str) -> str:
    """All values of a provenance field in words, sorted; a single one if all cells ran alike."""
    recorded = study.results.provenance
    values = recorded[field].dropna().tolist() if field in recorded else []
    return "; ".join(sorted({_word(value) for value in values})) or "not recorded"


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
