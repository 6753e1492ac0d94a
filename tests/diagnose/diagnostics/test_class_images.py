import numpy as np
import torch
from torch import nn

from bench.diagnose.diagnostics.class_images import ClassImages


class Tint(nn.Module):
    """Three classes: red, green, blue."""

    def __init__(self, order=(0, 1, 2)):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(5.0))
        self.order = order

    def forward(self, x):
        return self.scale * x.mean((2, 3))[:, list(self.order)]


def test_the_image_of_a_class_is_its_known_optimum(probe):
    found = ClassImages(classes=3, steps=40)({"original": Tint()}, probe)
    assert found.arrays["images.original"].mean((2, 3)).argmax(1).tolist() == [0, 1, 2]
    assert found.metrics["recognised.original"] == 1.0


def test_another_network_may_see_another_class_in_it(probe):
    found = ClassImages(classes=2, steps=40)({"original": Tint(), "compressed": Tint((2, 1, 0))}, probe)
    assert found.arrays["classes"].tolist() == [0, 2]
    assert found.arrays["answers.compressed"].tolist() == [2, 0]
    assert found.metrics["recognised.compressed"] == 0.0


def test_roles_quantised_dead_and_missing(networks, quantized, dead, probe, assert_same):
    settings = ClassImages(classes=2, steps=3)
    found = settings({**networks, "compressed": quantized}, probe)
    assert found.arrays["images.compressed"].shape == (2, 3, 8, 8)
    assert_same(settings({**networks, "compressed": quantized}, probe), found)
    assert "recognised.finetune" not in found.metrics
    assert settings({"original": networks["original"], "compressed": dead}, probe).arrays["images.compressed"].any()
    assert "no original" in settings({"compressed": dead}, probe).notes[0]


def test_networks_that_are_the_same_paint_the_same(networks, probe):
    found = ClassImages(classes=2, steps=3)(networks, probe)
    np.testing.assert_array_equal(found.arrays["images.compressed"], found.arrays["images.original"])
    assert (found.arrays["images.other-seed"] != found.arrays["images.original"]).any()
