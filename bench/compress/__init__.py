"""Compression methods: one per file in `methods/`, each a frozen dataclass of its settings with one call."""
