"""One measure of similarity per file."""
