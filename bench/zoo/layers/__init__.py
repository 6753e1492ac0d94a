"""Building blocks that several architectures of the zoo share."""
