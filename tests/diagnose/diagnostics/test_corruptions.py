import numpy as np
import pytest
import torch
from torch import nn

from bench.diagnose.diagnostics.corruptions import SEVERITIES, Corruptions
from bench.diagnose.units.corrupted import CORRUPTIONS, corrupted


@pytest.fixture
def made(make_probe):
    pixels = make_probe(n=6, size=32).pixels
    return pixels, corrupted(pixels, SEVERITIES, seed=0)[0]


def test_every_severity_is_worse_than_the_one_before(made):
    pixels, worse = made
    assert list(worse) == list(SEVERITIES) == list(CORRUPTIONS)
    for corruption, images in worse.items():
        assert images.shape == (5, *pixels.shape) and images.dtype == np.uint8
        errors = [np.square(each.astype(float) - pixels).mean() for each in images]
        assert errors == sorted(errors) and errors[0] > 0, corruption


def test_noise_has_the_deviation_asked_for():
    gray = np.full((20, 3, 32, 32), 128, dtype=np.uint8)
    noisy = corrupted(gray, {"noise": (0.04, 0.1)}, seed=3)[0]["noise"]
    np.testing.assert_allclose(noisy.std((1, 2, 3, 4)) / 255, [0.04, 0.1], rtol=0.03)
    assert abs(noisy.mean() - 128) < 0.5


def test_contrast_and_brightness_are_factors():
    pixels = np.zeros((1, 1, 2, 2), dtype=np.uint8)
    pixels[0, 0] = [[80, 120], [100, 100]]
    found = corrupted(pixels, {"contrast": (0.5,), "brightness": (2.0,)}, seed=0)[0]
    assert found["contrast"].ravel().tolist() == [90, 110, 100, 100]
    assert found["brightness"].ravel().tolist() == [160, 240, 200, 200]


def test_blur_keeps_flat_images_and_small_ones_work():
    flat = np.full((1, 1, 3, 3), 77, dtype=np.uint8)
    assert (corrupted(flat, {"blur": (1.0,)}, seed=0)[0]["blur"] == 77).all()


def test_images_of_two_channels_have_no_jpeg_and_say_so():
    found, notes = corrupted(np.zeros((2, 2, 8, 8), dtype=np.uint8), {"noise": (0.1,), "jpeg": (50,)}, seed=0)
    assert list(found) == ["noise"]
    assert notes[0].startswith("jpeg cannot be applied to images of 2 channels")


def test_the_seed_decides_and_the_global_generator_is_left_alone(make_probe):
    pixels, state = make_probe().pixels, torch.random.get_rng_state()
    first, again, other = (corrupted(pixels, {"noise": (0.1,)}, seed)[0]["noise"] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert torch.equal(torch.random.get_rng_state(), state)


class Bright(nn.Module):
    """Says 1 where the image is brighter than a threshold."""

    def __init__(self, threshold):
        super().__init__()
        self.threshold = nn.Parameter(torch.tensor(threshold))

    def forward(self, x):
        logit = x.mean((1, 2, 3)) - self.threshold
        return torch.stack([-logit, logit], 1)


def test_accuracy_is_counted_by_corruption_severity_and_image(make_probe):
    probe = make_probe(n=8)
    probe.pixels[:4], probe.pixels[4:] = 60, 150
    probe.labels[:] = [0] * 4 + [1] * 4
    found = Corruptions()({"original": Bright(-0.04), "compressed": Bright(-9.0)}, probe)  # thresholds 125 and below 0
    assert found.metrics["clean.original"] == 1.0 and found.metrics["clean.compressed"] == 0.5
    assert found.metrics["brightness.original"] == 1.0  # 60 doubled stays below 125
    assert found.metrics["loss_difference.original"] == 0.0
    assert found.metrics["loss_difference.compressed"] == -found.metrics["loss.original"]
    assert found.arrays["right.original"].shape == (5, 5, 8)
    corruptions = found.arrays["corruptions"].tolist()
    for place, corruption in enumerate(corruptions):
        assert found.metrics[f"{corruption}.original"] == found.arrays["right.original"][place].mean()
    assert found.metrics["all.original"] == pytest.approx(found.arrays["right.original"].mean())


def test_roles_quantised_and_missing(networks, quantized, probe, assert_same):
    found = Corruptions(images=4)({**networks, "compressed": quantized}, probe)
    assert {f"all.{role}" for role in networks} < set(found.metrics)
    assert_same(Corruptions(images=4)({**networks, "compressed": quantized}, probe), found)
    alone = Corruptions(images=4)({"compressed": quantized}, probe)
    assert "loss.compressed" in alone.metrics and "loss_difference.compressed" not in alone.metrics


def test_gray_images(make_network, make_probe):
    found = Corruptions(images=4)({"original": make_network(channels=1)}, make_probe(channels=1))
    assert set(SEVERITIES) < {name.partition(".")[0] for name in found.metrics}
