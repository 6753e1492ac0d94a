"""The fixed zoo: an architecture a file, with its training recipe beside it.

A file offers `RECIPE` (a `bench.training.recipe.Recipe`), `VERSION` (int, raised whenever the same seed would give
another network), and `build(channels, classes, size) -> torch.nn.Module` with freshly initialised weights. Torch is
imported inside `build` only, so that the zoo can be listed and planned without it.
"""
