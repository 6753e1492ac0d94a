import numpy as np
import pytest

from bench.errors import InputError
from bench.similarity.measures.cross_probe import COLUMNS, CrossProbe
from bench.similarity.measures.debiased_cka import DebiasedCKA
from bench.similarity.probe import Shown, loss, put_back

CLASSES, UNITS = 10, 128


@pytest.fixture(scope="module")
def layer():
    """Training, validation and probe images of a layer whose classes differ in directions of little variance."""
    rng = np.random.default_rng(0)
    means = rng.normal(size=(CLASSES, UNITS))
    large = rng.normal(size=(8, UNITS)) * 12.0

    def draw(count):
        labels = np.arange(count) % CLASSES
        return Shown(
            (means[labels] + rng.normal(size=(count, 8)) @ large + 0.7 * rng.normal(size=(count, UNITS))).astype("f4"),
            labels,
        )

    return draw(1000), draw(200), draw(400)


@pytest.fixture(scope="module")
def probe(layer):
    return CrossProbe().fit(*layer[:2])


def lost(probe, layer, other):
    right = probe.right(layer[2])
    return loss(right, probe.right(Shown(other, layer[2].labels)))


def test_the_same_layer_loses_exactly_nothing(probe, layer):
    found = lost(probe, layer, layer[2].features)
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)
    np.testing.assert_array_equal(found.influence, 0.0)
    assert probe.right(layer[2]).mean() > 0.95


def test_a_layer_cut_to_its_leading_components_keeps_its_cka_and_loses_points(probe, layer):
    features = layer[2].features
    mean = features.mean(0)
    _, _, components = np.linalg.svd(features - mean, full_matrices=False)
    cut = (features - mean) @ components[:8].T @ components[:8] + mean
    assert DebiasedCKA()(features, cut) > 0.98
    assert lost(probe, layer, cut).low > 0.03


def test_a_rotated_layer_falls_to_chance_while_cka_stays_one(probe, layer):
    features = layer[2].features
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(UNITS, UNITS)))[0]
    mean = features.mean(0)
    rotated = (features - mean) @ turn + mean
    assert DebiasedCKA()(features, rotated) == pytest.approx(1.0, abs=1e-5)
    found = lost(probe, layer, rotated)
    assert probe.right(layer[2]).mean() - found.value < 0.3


def test_the_influence_has_the_variance_of_a_paired_mean(probe, layer):
    noisy = layer[2].features + 3.0 * np.random.default_rng(2).normal(size=layer[2].features.shape)
    found, n = lost(probe, layer, noisy), len(noisy)
    differences = probe.right(layer[2]).astype(float) - probe.right(Shown(noisy, layer[2].labels))
    assert found.value == pytest.approx(differences.mean()) and found.value > 0.02
    assert (found.influence**2).sum() / (n * (n - 1)) == pytest.approx(differences.var(ddof=1) / n)
    assert found.low < found.value < found.high


def test_wide_and_narrow_layers_are_solved_alike(layer):
    """Units that never move add nothing: with enough of them the other Gram is solved, in several parts."""
    training, validation, images = layer
    wide = [
        Shown(np.hstack([side.features, np.full((len(side.labels), COLUMNS), 7.0, "f4")]), side.labels)
        for side in layer
    ]
    narrow, other = CrossProbe().fit(training, validation), CrossProbe().fit(*wide[:2])
    np.testing.assert_array_equal(narrow.right(images), other.right(wide[2]))
    np.testing.assert_allclose(other.weights[:UNITS], narrow.weights, atol=1e-6 * np.abs(narrow.weights).max())
    assert not other.weights[UNITS:].any()


def test_scale_and_number_of_images_leave_the_probe_as_it_is(layer):
    training, validation, _ = layer
    probe = CrossProbe().fit(training, validation)
    scaled = [Shown(1000.0 * side.features, side.labels) for side in (training, validation)]
    np.testing.assert_allclose(CrossProbe().fit(*scaled).weights * 1000.0, probe.weights, rtol=1e-3, atol=1e-9)
    twice = Shown(np.vstack([training.features] * 2), np.hstack([training.labels] * 2))
    np.testing.assert_allclose(CrossProbe().fit(twice, validation).weights, probe.weights, rtol=1e-6, atol=1e-12)


def test_a_unit_that_is_dead_in_the_original_is_not_read(layer):
    training, validation, images = layer

    def with_dead(shown, value):
        return Shown(np.hstack([shown.features, np.full((len(shown.labels), 1), value, "f4")]), shown.labels)

    probe = CrossProbe().fit(with_dead(training, 0.1), with_dead(validation, 0.1))
    right = probe.right(with_dead(images, 0.1))
    alive = with_dead(images, 1e6)
    np.testing.assert_array_equal(probe.right(alive), right)


def test_a_layer_without_spread_answers_the_commonest_class():
    labels = np.array([0, 1, 1, 2, 1])
    dead = Shown(np.ones((5, 3), "f4"), labels)
    np.testing.assert_array_equal(CrossProbe().fit(dead, dead).right(dead), labels == 1)


def test_bad_input_is_a_sentence(layer):
    training, validation, _ = layer
    with pytest.raises(InputError, match="two classes at least"):
        CrossProbe().fit(Shown(training.features, np.zeros(len(training.labels), int)), validation)
    with pytest.raises(InputError, match="NaN"):
        CrossProbe().fit(Shown(np.full_like(training.features, np.nan), training.labels), validation)
    with pytest.raises(InputError, match="fitted on 128 units, and here are 3"):
        CrossProbe().fit(training, validation).right(Shown(training.features[:, :3], training.labels))


def test_channels_that_were_removed_stand_at_their_mean():
    """What is left is where it was, in both conventions, and what is gone can't tell images apart."""
    rng = np.random.default_rng(3)
    whole = rng.normal(size=(6, 4, 5)).astype("f4")
    mean = whole.mean(0)
    kept = np.array([3, 0])
    back = put_back(whole[:, kept].reshape(6, -1), kept, mean.reshape(-1)).reshape(6, 4, 5)
    np.testing.assert_array_equal(back[:, kept], whole[:, kept])
    np.testing.assert_array_equal(back[:, [1, 2]], np.broadcast_to(mean[[1, 2]], (6, 2, 5)))
    permuted = np.array([2, 0, 3, 1])
    np.testing.assert_array_equal(
        put_back(whole[:, permuted].reshape(6, -1), permuted, mean.reshape(-1)), whole.reshape(6, -1)
    )


@pytest.mark.parametrize(("kept", "width"), [([0, 0], 4), ([0, 9], 4), ([0, 1, 2], 4), ([], 4), ([0, 1], 3)])
def test_channels_that_do_not_fit_are_a_sentence(kept, width):
    with pytest.raises(InputError, match="channels"):
        put_back(np.ones((5, width), "f4"), np.array(kept, int), np.zeros(8))
