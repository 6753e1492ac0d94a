import numpy as np
import pytest

from bench.compress.codebooks import kmeans
from bench.compress.codebooks.kmeans import Annealing, k_means, nearest

ROWS = np.random.default_rng(0).standard_normal((4000, 4)).astype(np.float32)
ANNEALING = Annealing(0.25, 2.0)


def error(rows, found):
    return float(((rows - found[0].astype(np.float32)[found[1]]) ** 2).mean())


def test_clear_clusters_are_found():
    centres = np.array([[0, 0], [0, 8], [8, 0], [8, 8]], np.float32)
    rows = np.repeat(centres, 50, axis=0) + np.tile([[0.5, 0], [-0.5, 0]], (100, 1)).astype(np.float32)
    codebook, codes = k_means(rows, 4, 100, Annealing(1.0, 0.5), np.random.default_rng(1))
    assert codebook.dtype == np.float16
    assert sorted(codebook.tolist()) == centres.tolist()
    assert all(len(set(codes[start : start + 50])) == 1 for start in range(0, 200, 50))


def test_nearest_is_nearest():
    codebook = np.random.default_rng(1).standard_normal((37, 4)).astype(np.float32)
    distances = ((ROWS[:, None] - codebook) ** 2).sum(2)
    assert nearest(ROWS, codebook).tolist() == distances.argmin(1).tolist()


@pytest.mark.parametrize("annealing", [None, ANNEALING, Annealing(1.0, 0.5)])
def test_every_word_is_used_and_codes_are_nearest_to_what_is_stored(annealing):
    codebook, codes = k_means(ROWS, 256, 10, annealing, np.random.default_rng(0))
    assert set(codes) == set(range(256))
    assert np.array_equal(codes, nearest(ROWS, codebook))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_annealing_leaves_a_smaller_error(seed):
    plain = error(ROWS, k_means(ROWS, 128, 100, None, np.random.default_rng(seed)))
    assert error(ROWS, k_means(ROWS, 128, 60, ANNEALING, np.random.default_rng(seed))) < 0.985 * plain


def test_equal_rows_are_no_trouble():
    rows = np.full((64, 3), 0.5, np.float32)
    codebook, codes = k_means(rows, 8, 5, ANNEALING, np.random.default_rng(0))
    assert np.array_equal(codebook.astype(np.float32)[codes], rows)


def test_the_seed_decides():
    one, again, other = (k_means(ROWS, 16, 5, ANNEALING, np.random.default_rng(seed))[0] for seed in (0, 0, 1))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize(("length", "words"), [(4, 256), (9, 256), (4, 512)])
def test_reading_some_rows_at_a_time_costs_little(length, words, monkeypatch):
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((3 * 128 * words, length)) * np.exp(0.5 * rng.standard_normal((3 * 128 * words, 1)))
    rows = rows[: 2 * kmeans.MOST_ROWS].astype(np.float32)
    some = error(rows, k_means(rows, words, 30, ANNEALING, np.random.default_rng(1)))
    monkeypatch.setattr(kmeans, "MOST_PER_WORD", len(rows))
    monkeypatch.setattr(kmeans, "MOST_ROWS", len(rows))
    assert some < 1.03 * error(rows, k_means(rows, words, 30, ANNEALING, np.random.default_rng(1)))


@pytest.mark.parametrize(("words", "annealing"), [(32, ANNEALING), (16, None)])
def test_few_rows_and_plain_k_means_are_read_whole(words, annealing, monkeypatch):
    limited = k_means(ROWS, words, 10, annealing, np.random.default_rng(0))
    monkeypatch.setattr(kmeans, "MOST_PER_WORD", len(ROWS))
    whole = k_means(ROWS, words, 10, annealing, np.random.default_rng(0))
    assert all(np.array_equal(one, other) for one, other in zip(limited, whole, strict=True))


def test_rows_come_round_before_any_comes_again():
    read = kmeans._Rows(ROWS, 1000, 60, np.random.default_rng(0))
    four = np.concatenate([read.next(1) for _ in range(4)])
    assert sorted(map(tuple, four)) == sorted(map(tuple, ROWS))


def test_noise_of_a_word_is_that_of_the_mean_of_its_rows(monkeypatch):
    # one word of n rows: whatever the noise, it moves by heat·spread/√n of a standard normal
    rows = np.random.default_rng(0).standard_normal((400, 1)).astype(np.float32)
    seen = []
    monkeypatch.setattr(kmeans, "nearest", lambda part, words: seen.append(words.copy()) or np.zeros(len(part), int))
    monkeypatch.setattr(kmeans, "_stored", lambda rows, codebook: (codebook, None))
    monkeypatch.setattr(kmeans, "MOST_PER_WORD", 400)
    monkeypatch.setattr(kmeans, "_noise", lambda generator, shape: np.ones(shape, np.float32))
    k_means(rows, 1, 4, Annealing(1.0, 0.5), np.random.default_rng(0))
    moved = [float(words[0, 0] - rows.mean()) for words in seen[1:5]]
    expected = [np.sqrt(1 - at / 4) * rows.std() / 20 for at in range(4)]
    assert moved == pytest.approx(expected, rel=1e-4)
