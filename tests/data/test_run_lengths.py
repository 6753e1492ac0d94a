"""Run lengths of masks: known texts, every mask read back, and what is broken refused."""

import numpy as np
import pytest

from bench.data import run_lengths
from bench.errors import InputError

mask = pytest.importorskip("pycocotools.mask")


def runs(pixels):
    """Run lengths, column by column, background first; counted pixel by pixel."""
    counts, inside = [0], 0
    for pixel in pixels.T.reshape(-1):
        if pixel == inside:
            counts[-1] += 1
        else:
            counts.append(1)
            inside = pixel
    return counts


def test_a_square_in_the_middle_is_what_is_counted_by_hand():
    square = np.zeros((1, 4, 4), np.uint8)
    square[0, 1:3, 1:3] = 1
    assert run_lengths.of_pixels(square) == [b"52203"]  # 5 out, 2 in, 2 out, 2 in, then 5 = 2 + 3
    assert run_lengths.counts_of(b"52203") == [5, 2, 2, 2, 5]
    assert run_lengths.areas([b"52203"], 4, 4).tolist() == [4]


def test_every_mask_is_read_back_and_counted_as_by_hand():
    random = np.random.default_rng(0)
    for _ in range(50):
        height, width = random.integers(1, 90, 2).tolist()
        pixels = (random.random((2, height, width)) < random.random()).astype(np.uint8)
        texts = run_lengths.of_pixels(pixels)
        assert [run_lengths.counts_of(text) for text in texts] == [runs(one) for one in pixels]
        assert np.array_equal(run_lengths.pixels_of(texts, height, width), pixels)
        assert [run_lengths.of_counts(runs(one), height, width) for one in pixels] == texts
        run_lengths.checked_counts(texts[0].decode(), height, width)


def test_a_polygon_is_filled_as_pycocotools_fills_it_and_two_are_one_mask():
    text = run_lengths.of_polygons([[0, 0, 2, 0, 2, 2, 0, 2], [4, 4, 6, 4, 6, 6, 4, 6]], 6, 6)
    (pixels,) = run_lengths.pixels_of([text], 6, 6)
    expected = np.zeros((6, 6), np.uint8)
    expected[:2, :2] = expected[4:, 4:] = 1
    assert np.array_equal(pixels, expected)


def test_masks_are_decoded_without_pycocotools_as_with_it():
    pixels = np.random.default_rng(0).random((3, 7, 5)) < [[[0.5]], [[0.0]], [[1.0]]]
    for text, expected in zip(run_lengths.of_pixels(pixels), pixels, strict=True):
        assert np.array_equal(run_lengths.decoded(text, 7, 5), expected)
    with pytest.raises(ValueError, match="do not fill 36 pixels"):
        run_lengths.decoded(text, 6, 6)


def test_no_masks_are_none():
    assert run_lengths.of_pixels(np.zeros((0, 3, 4), np.uint8)) == []
    assert run_lengths.pixels_of([], 3, 4).shape == (0, 3, 4)
    assert run_lengths.areas([], 3, 4).shape == (0,)


@pytest.mark.parametrize(
    ("counts", "reason"),
    [
        ([5, 2, 2, 2, 4], "add up to 15, the image has 16 pixels"),
        ([-5, 2, 2, 2, 15], "one of its counts is -5"),
        ([5.0, 11], "a list of whole numbers or a text"),
        ([True, 15], "a list of whole numbers or a text"),
        (None, "a list of whole numbers or a text"),
        ("5220", "add up to 11"),
        ("5220P", "ends within a number"),
        ("52 03", "holds the byte 32"),
        ("5220é", "is not ASCII"),
        ("PPPPPPPPPPPPPPPPPPPPPPP0", "a number without an end"),
        ("", "add up to 0"),
    ],
)
def test_broken_run_lengths_are_refused_before_pycocotools_reads_them(counts, reason):
    with pytest.raises(ValueError, match=reason):
        run_lengths.checked_counts(counts, 4, 4)


def test_without_pycocotools_a_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setattr(run_lengths, "mask", None)
    with pytest.raises(InputError, match=r"pip install 'innards\[coco\]'"):
        run_lengths.require()
