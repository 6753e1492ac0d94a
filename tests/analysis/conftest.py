"""Runs with diagnostics, see `tests.looked`."""

from tests.looked import folder_of, looked

__all__ = ["folder_of", "looked"]
