"""From `runs/` to `report/`: tables, figures and sentences, and the writers that print them."""

from __future__ import annotations

from bench.render.reporting import Summary, report

__all__ = ["Summary", "report"]
