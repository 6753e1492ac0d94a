"""Formats that packed networks are exported to, one per file."""
