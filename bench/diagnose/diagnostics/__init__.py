"""One diagnostic per file."""
