"""What a compressed network is compared with: the one place that names these roles.

Each role but `COMPRESSED` is also the label of the variant that plays it, in profiles, files and on the command line.
"""

from __future__ import annotations

ORIGINAL = "original"  # the trained network that compression started from
CONTROL = "finetune"  # the original, trained as much longer as the compressed network, without compression
OTHER_SEED = "other-seed"  # an original of the next seed: how different two trainings are anyway
RANDOM = "random-weights"  # the architecture before training: the floor of every similarity
RETRAINED = "retrain"  # the original, trained anew for as long as a network that began at initial weights
COMPRESSED = "compressed"  # the network in question

CONTROLS = (CONTROL, OTHER_SEED, RANDOM)  # in every profile
REFERENCES = (ORIGINAL, *CONTROLS)
ROLES = (ORIGINAL, CONTROL, COMPRESSED, OTHER_SEED, RANDOM)  # in the order of figures and tables
