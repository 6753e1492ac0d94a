import numpy as np
import pytest

from bench.compress.codebooks.weight_sharing import share


def test_values_are_means_of_what_they_stand_for():
    weight = np.array([[0.0, 1.0, 1.2, 0.0], [5.0, 5.2, -3.0, -3.0]] * 4, np.float32)
    words = share(weight, 2)
    assert words.codebook[:, 0].tolist() == pytest.approx([0, -3, 1.1, 5.1])
    assert words.codes[:2].tolist() == [[0, 2, 2, 0], [3, 3, 1, 1]]


def test_few_weights_share_fewer_values():
    weight = np.arange(1, 33, dtype=np.float32).reshape(4, 8)
    assert len(share(weight, 8).codebook) == 8
    assert len(share(weight, 2).codebook) == 4


def test_a_layer_without_weights_stays_zero():
    words = share(np.zeros((4, 8), np.float32), 8)
    assert not words.codebook.any()
    assert not words.codes.any()
