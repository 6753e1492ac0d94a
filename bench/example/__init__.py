"""The published example: a report of a real study, in `docs/example/`."""
