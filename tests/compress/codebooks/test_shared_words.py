import numpy as np
import torch
from torch import nn

from bench.compress.codebooks.shared_words import Words, share


def test_gradients_reach_used_words_alone_as_the_mean_of_their_uses():
    layer = nn.Linear(4, 2, bias=False)
    codes = np.array([[0, 1], [1, 1]])
    share(layer, {"weight": Words(np.zeros((4, 2), np.float16), codes)})
    gradient = torch.tensor([[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 11.0]])
    (layer.weight * gradient).sum().backward()
    assert layer.parametrizations.weight.original.grad.tolist() == [[1, 2], [5, 7], [0, 0], [0, 0]]
