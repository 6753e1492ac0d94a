"""What the benchmark does to its networks, for any `torch.nn.Module`: a library for notebooks.

Networks are left as they were; they are looked at in eval mode, on the device they are on. Images are normalised as the
network takes them, unless a docstring says pixels.
"""

from bench.api.attribution import Agreement, agreement, attributions
from bench.api.load import load
from bench.api.maximization import maximize_activation
from bench.api.named import network, preprocessing
from bench.api.similarity import compare
from bench.api.single_layers import sensitivity
from bench.api.size import Footprint, footprint

__all__ = [
    "Agreement",
    "Footprint",
    "agreement",
    "attributions",
    "compare",
    "footprint",
    "load",
    "maximize_activation",
    "network",
    "preprocessing",
    "sensitivity",
]
