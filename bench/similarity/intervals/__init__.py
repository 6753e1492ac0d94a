"""How a measure gets its interval over images."""
