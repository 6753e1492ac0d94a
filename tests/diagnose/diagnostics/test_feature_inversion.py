import numpy as np
import pytest
import torch
from torch import nn

from bench.diagnose.diagnostics.feature_inversion import FeatureInversion


class Shows(nn.Module):
    """A layer that keeps the whole image, then one that keeps its mean colour."""

    def __init__(self):
        super().__init__()
        self.whole = nn.Conv2d(3, 3, 1, bias=False)
        self.whole.weight.data = torch.eye(3)[:, :, None, None]
        self.mean = nn.AvgPool2d(8)

    def forward(self, x):
        return self.mean(self.whole(x)).flatten(1)


def test_a_layer_that_keeps_the_image_gives_it_back(make_probe):
    probe = make_probe(layers=("whole", "mean"))
    found = FeatureInversion(images=2, steps=200)({"original": Shows()}, probe)
    distance = found.arrays["pixels.original"]
    assert (distance[0] < 0.08).all() and (distance[1] > 2 * distance[0]).all()
    assert (found.arrays["features.original"] < 0.05).all()
    assert found.arrays["images.original"].shape == (2, 2, 3, 8, 8)


def test_more_steps_come_closer(networks, probe):
    errors = [FeatureInversion(images=2, steps=steps)(networks, probe) for steps in (2, 60)]
    assert errors[1].metrics["features.original"] < 0.5 * errors[0].metrics["features.original"]


def test_numbers_are_means(networks, probe):
    found = FeatureInversion(images=2, steps=5)(networks, probe)
    for name in ("features", "pixels"):
        assert found.metrics[f"{name}.other-seed"] == pytest.approx(found.arrays[f"{name}.other-seed"].mean(), rel=1e-5)
    np.testing.assert_array_equal(found.arrays["real"], probe.pixels[found.arrays["images"]])
    real = found.arrays["real"] / 255.0
    expected = np.sqrt(((found.arrays["images.original"][1, 0] / 255.0 - real[0]) ** 2).mean())
    assert found.arrays["pixels.original"][1, 0] == pytest.approx(expected, rel=1e-5)


def test_roles_quantised_dead_and_missing(networks, quantized, dead, probe, assert_same):
    settings = FeatureInversion(images=2, steps=3)
    found = settings({**networks, "compressed": quantized, "finetune": dead}, probe)
    assert found.arrays["images.finetune"].shape == (2, 2, 3, 8, 8)
    assert_same(settings({**networks, "compressed": quantized, "finetune": dead}, probe), found)
    flat = settings({"original": networks["original"], "compressed": nn.Flatten()}, probe)
    assert "no module first, second" in flat.notes[0]
    assert "no original" in settings({"compressed": dead}, probe).notes[0]
