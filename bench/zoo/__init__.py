"""The fixed zoo: one file per architecture, with its training recipe beside it.

A file offers `RECIPE` (a `bench.training.recipe.Recipe`), `VERSION` (int, raised whenever the same seed would give
another network), and `build(channels, classes, size) -> torch.nn.Module` with freshly initialised weights; a detector
also `TASK = "detection"`. The zoo is listed and planned without torch: `layers` imports it where `build` first uses one
of its modules.
"""
