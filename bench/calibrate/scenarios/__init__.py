"""One family of simulated situations per file."""
