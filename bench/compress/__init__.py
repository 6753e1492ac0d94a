"""Compression methods: a method a file, each a frozen dataclass of its settings with one call."""
