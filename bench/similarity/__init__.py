"""Measures of how alike two layers are: a measure a file."""
