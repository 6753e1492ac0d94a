"""Search for the chain of methods that gets most accuracy into a number of bytes, by validation accuracy."""
