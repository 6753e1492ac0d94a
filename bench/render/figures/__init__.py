"""One figure per file, listed in `contents.py`; `build(study)` returns it, several as a list, or None."""
