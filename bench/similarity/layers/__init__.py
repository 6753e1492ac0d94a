"""All layers of one network against all layers of another, each Gram matrix formed once."""

from bench.similarity.layers._grams import Grams, floor, joined
from bench.similarity.layers._half_samples import half_samples
from bench.similarity.layers._map import UNDEFINED_WHERE, LayerMap
from bench.similarity.layers._pairwise import pairwise
from bench.similarity.layers._subspaces import Bases, SubspaceMaps, subspaces

__all__ = [
    "UNDEFINED_WHERE", "Bases", "Grams", "LayerMap", "SubspaceMaps", "floor", "half_samples", "joined", "pairwise",
    "subspaces",
]  # fmt: skip
