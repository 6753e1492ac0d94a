"""Where cells are worked: one environment per file."""
