"""How similar two networks are inside: one measure a file, each with an interval that covers."""
