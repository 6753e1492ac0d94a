"""One table a file: `SECTION` and `ORDER` are its place; `build(study)` makes it, several as a list, or None."""
