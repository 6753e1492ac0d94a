"""What single units and stages respond to: images made by gradient ascent, filters, corrupted inputs."""
