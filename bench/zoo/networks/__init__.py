"""Networks by name, however they come: the zoo, torchvision, or a user's function; their checkpoints and blocks."""
