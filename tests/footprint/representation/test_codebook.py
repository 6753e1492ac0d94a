from __future__ import annotations

import numpy as np
import pytest

from bench.footprint.representation import Codebook


def test_by_hand():
    words = np.array([[0, 0], [1, 2], [3, 4], [5, 6]], np.float16)
    stored = Codebook(np.array([[1, 3], [0, 2]]), words, (2, 1, 2, 2))
    assert stored.decode().tolist() == [[[[1, 2], [5, 6]]], [[[0, 0], [3, 4]]]]
    assert stored.decode().dtype == np.float32


def test_words_are_left_out_only_where_the_first_is_zero():
    codes = np.zeros((1, 2), int)
    for first, sparse in ((0.0, True), (-0.0, False), (1.0, False)):
        words = np.full((2, 1), first, np.float32)
        assert Codebook(codes, words, (1, 2)).sparse is sparse


@pytest.mark.parametrize(
    ("codes", "codebook", "problem"),
    [
        ((2, 2), (3, 2), "power of two of words, not 3"),
        ((2, 2), (4, 3), "words of 3 weights do not fill 4"),
        ((2, 4), (4, 2), "codes are"),
        ((4, 1), (4, 2), "codes are"),
        ((2, 2), (0, 2), "a codebook is"),
        ((2, 2), (8,), "a codebook is"),
    ],
)
def test_what_does_not_belong_together_is_refused(codes, codebook, problem):
    with pytest.raises(ValueError, match=problem):
        Codebook(np.zeros(codes, int), np.zeros(codebook, np.float16), (2, 4))


def test_a_code_without_a_word_is_refused():
    with pytest.raises(ValueError, match="where there are 4 words"):
        Codebook(np.array([[4]]), np.zeros((4, 1), np.float16), (1, 1))


def test_a_codebook_of_doubles_is_refused():
    with pytest.raises(ValueError, match="float64"):
        Codebook(np.array([[0]]), np.zeros((4, 1)), (1, 1))
