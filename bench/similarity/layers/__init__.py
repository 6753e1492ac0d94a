"""All layers of one network against all layers of another, each Gram matrix formed once."""

from bench.similarity.layers._grams import Grams
from bench.similarity.layers._half_samples import half_samples
from bench.similarity.layers._map import LayerMap
from bench.similarity.layers._pairwise import pairwise

__all__ = ["Grams", "LayerMap", "half_samples", "pairwise"]
