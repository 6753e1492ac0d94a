"""One format per writer: HTML, LaTeX, data files, and what each needs to set text."""
