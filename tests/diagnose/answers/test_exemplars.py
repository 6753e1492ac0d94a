import numpy as np
import pytest
from scipy import stats

from bench.diagnose.answers.exemplars import exemplars, right
from bench.errors import InputError


def logits(answers):
    """(S, n, 2) that answer 0 where `answers` (S, n) is True, so that with labels of 0 these are right."""
    return np.stack([np.asarray(answers, float), 1 - np.asarray(answers, float)], axis=2)


def found_of(original, compressed, control=None, **settings):
    labels = np.zeros(np.shape(original)[1], int)
    return exemplars(
        logits(original), logits(compressed), labels, None if control is None else logits(control), **settings
    )


def test_most_seeds_of_one_and_few_of_the_other():
    original = np.array([[1, 1, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0]]).T.repeat(1, 0).T  # 3 seeds, 4 images
    compressed = np.zeros((3, 4), int)
    compressed[0] = [0, 0, 0, 1]
    found = found_of(original, compressed)
    assert found.indices.tolist() == [0, 1]
    np.testing.assert_allclose(found.original_rate, [1, 2 / 3, 1 / 3, 0])
    np.testing.assert_allclose(found.compressed_rate, [0, 0, 0, 1 / 3])
    assert found.count == 2 and found.share == 0.5


def test_of_equal_loss_those_with_one_wrong_answer_come_first_and_classes_take_turns():
    labels = np.array([0, 0, 0, 1, 1, 2, 2])
    compressed = np.array(
        [
            [1, 1, 2, 0, 2, 0, 2],  # of three seeds, by image
            [1, 1, 1, 0, 2, 0, 1],
            [1, 1, 1, 0, 2, 0, 1],
        ]
    )
    original, hurt = (np.eye(3)[answers] for answers in (np.tile(labels, (3, 1)), compressed))
    # Two seeds agree on image 2, and one seed is right on image 6: all others have lost all seeds to one answer.
    assert exemplars(original, hurt, labels).indices.tolist() == [0, 3, 5, 1, 4, 2, 6]


def test_half_of_the_seeds_is_not_most():
    assert found_of([[1], [1], [0], [0]], [[0], [0], [0], [0]]).count == 0
    assert found_of([[1], [1], [1], [1]], [[0], [0], [1], [1]]).count == 0


def test_losses_that_all_seeds_share_give_the_smallest_p_and_are_counted_in_images():
    original, compressed = np.ones((6, 10)), np.ones((6, 10))
    compressed[:, :3] = 0
    found = found_of(original, compressed, original)
    assert found.chance.p == found.chance.smallest_attainable_p == 2**-6
    assert found.chance.statistic == 3.0
    assert found.control.p == 2**-6
    assert found.control_count == 0
    assert found.images.raw[:4] == (2**-6, 2**-6, 2**-6, 1.0)


def test_the_consistent_loss_by_hand():
    found = found_of([[1, 1], [1, 0]], [[0, 1], [1, 1]])  # lost by one seed of two; won by one
    assert found.chance.statistic == pytest.approx(1 / 4)
    # swaps: none 1/4, first seed 0 + 1 won back by... every pattern by hand
    every = [((0.5 * a) ** 2) * (a > 0) + ((0.5 * b) ** 2) * (b > 0) for a in (1, -1) for b in (-1, 1)]
    assert found.chance.p == pytest.approx(np.mean(np.array(every) >= 1 / 4))


def test_what_the_control_also_does_is_not_beyond_it():
    rng = np.random.default_rng(0)
    original = rng.random((6, 200)) < 0.9
    same = original & (rng.random(200) < 0.8)
    found = found_of(original, same, same)
    assert found.count == found.control_count > 10
    assert found.chance.p == 2**-6
    assert found.control.statistic == 0 and found.control.p == 1.0


def test_networks_that_differ_by_nothing_but_chance_are_not_significant_too_often():
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(200):
        easy = rng.beta(3, 1, size=80)
        networks = rng.random((3, 5, 80)) < easy
        found = found_of(*networks)
        hits += found.chance.p <= 0.0625
        hits += found.control.p <= 0.0625
    assert hits / 400 < 0.1


def test_the_expected_number_is_the_mean_over_all_swaps_by_hand():
    """One image right in three seeds and then wrong: swapping 0 seeds keeps it, swapping one leaves 2 to 1 right."""
    assert found_of([[1], [1], [1]], [[0], [0], [0]]).expected == pytest.approx((1 + 3) / 8)
    assert found_of([[1], [1]], [[0], [0]]).expected == pytest.approx(1 / 4)
    assert found_of([[1, 0], [1, 1]], [[1, 0], [1, 1]]).expected == 0


def test_under_the_null_as_many_are_expected_as_are_found():
    """Easy and hard images, on which answers change together: few of 300 images are exemplars, and as few expected."""
    rng = np.random.default_rng(2)
    counts, expected = [], []
    for _ in range(1500):
        hard = 1 / (1 + np.exp(-rng.normal(3, 2, 300)))
        found = found_of(*(rng.random((2, 6, 300)) < hard))
        counts.append(found.count)
        expected.append(found.expected)
    error = np.std(np.array(counts) - expected) / np.sqrt(len(counts))
    assert np.mean(counts) > 0.2
    assert np.mean(expected) == pytest.approx(np.mean(counts), abs=3 * error)
    assert np.mean(expected) == pytest.approx(np.mean(counts), rel=0.1)


def test_by_image_it_is_the_exact_sign_flip_test():
    rng = np.random.default_rng(3)
    original, compressed = rng.random((2, 7, 30)) < 0.6
    found = found_of(original, compressed)
    for image in range(30):
        lost, won = (original & ~compressed)[:, image].sum(), (~original & compressed)[:, image].sum()
        expected = stats.binomtest(lost, lost + won, alternative="greater").pvalue if lost + won else 1.0
        assert found.images.raw[image] == pytest.approx(expected)
    assert found.images.size == 30


def test_many_seeds_are_drawn_by_the_seed():
    rng = np.random.default_rng(4)
    original, compressed = rng.random((2, 14, 30)) < 0.7
    first, again = (found_of(original, compressed, seed=5).chance for _ in range(2))
    assert first == again and "random patterns (seed 5)" in first.test


def test_one_seed_is_found_and_not_tested():
    found = found_of([[1, 1]], [[0, 1]])
    assert found.indices.tolist() == [0] and found.control is None
    assert found.chance.p == 0.5 and "One seed" in found.chance.warning


def test_right_compares_the_largest_logit_with_the_label():
    assert right([[[0, 2.0, 1], [3, 0, 0]]], [1, 1]).tolist() == [[True, False]]


@pytest.mark.parametrize(
    ("original", "compressed", "sentence"),
    [
        (np.zeros((2, 3)), np.zeros((2, 4, 2)), "original: expected"),
        (np.zeros((2, 4, 2)), np.zeros((2, 3, 2)), "compressed: expected"),
        (np.zeros((2, 4, 2)), np.zeros((3, 4, 2)), "compressed: expected 2 seeds"),
        (np.zeros((0, 4, 2)), np.zeros((0, 4, 2)), "original: expected"),
    ],
)
def test_shapes_that_do_not_fit(original, compressed, sentence):
    with pytest.raises(InputError, match=sentence):
        exemplars(original, compressed, np.zeros(4, int))
