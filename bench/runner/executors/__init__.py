"""Where cells are worked: an environment a file."""
