"""One figure a file: `SECTION` and `ORDER` say where it stands, `build(study)` makes it, or None where it has none."""
