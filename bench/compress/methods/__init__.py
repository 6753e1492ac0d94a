"""One compression method per file."""
