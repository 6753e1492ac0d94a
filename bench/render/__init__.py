"""From `runs/` to `report/`: tables, figures and sentences, and the writers that print them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.render.reporting import Summary, report

__all__ = ["Summary", "report"]


def __getattr__(name: str) -> Any:
    # The command line names this package for `--help` and for every other command; only a report needs matplotlib,
    # SciPy and Jinja, which take a second to import.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from bench.render import reporting

    return getattr(reporting, name)
