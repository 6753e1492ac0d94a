"""How similar two networks are inside: one measure per file, each with an interval that covers."""
