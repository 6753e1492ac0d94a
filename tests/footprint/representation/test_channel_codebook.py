from __future__ import annotations

import numpy as np
import pytest
import torch

from bench.footprint.compressed import Compressed
from bench.footprint.packed import pack, unpack
from bench.footprint.representation import ChannelCodebook


def test_by_hand():
    stored = ChannelCodebook(np.array([[1, 0, 1], [0, 0, 1]]), np.array([[0, 2], [5, -1]], np.float16), (2, 3))
    assert stored.decode().tolist() == [[2, 0, 2], [5, 5, -1]]
    assert stored.dense_bits == 6 + 4 * 16


def test_words_are_left_out_only_where_the_first_of_every_channel_is_zero():
    for second, sparse in ((0.0, True), (-0.0, False), (1.0, False)):
        assert ChannelCodebook(np.zeros((2, 2), int), np.array([[0], [second]], np.float32), (2, 2)).sparse is sparse


def test_it_comes_back_from_a_file():
    layer = torch.nn.Linear(40, 3)
    codes = np.random.default_rng(0).integers(4, size=(3, 40))
    stored = ChannelCodebook(codes, np.random.default_rng(1).normal(size=(3, 4)).astype(np.float32), (3, 40))
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(stored.decode()))
    file = pack(Compressed(layer, representations={"weight": stored}), {})
    assert torch.equal(unpack(file, torch.nn.Linear(40, 3)).weight, layer.weight)


@pytest.mark.parametrize(
    ("codes", "codebook", "problem"),
    [
        ((2, 4), (2, 3), "power of two of words, not 3"),
        ((2, 4), (3, 4), "3 tables do not fit a tensor of 2"),
        ((2, 3), (2, 4), "codes are"),
        ((2, 4), (2, 0), "a codebook is"),
        ((2, 4), (8,), "a codebook is"),
    ],
)
def test_what_does_not_belong_together_is_refused(codes, codebook, problem):
    with pytest.raises(ValueError, match=problem):
        ChannelCodebook(np.zeros(codes, int), np.zeros(codebook, np.float16), (2, 4))


def test_a_code_without_a_word_is_refused():
    with pytest.raises(ValueError, match="where there are 4 words"):
        ChannelCodebook(np.array([[4]]), np.zeros((1, 4), np.float16), (1, 1))
