import numpy as np
import pytest
import torch
from torch import nn

from bench import api
from bench.errors import InputError


@pytest.fixture
def network():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 6, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1),
            nn.Flatten(), nn.Linear(6, 4),
        )  # fmt: skip


@pytest.fixture
def batches():
    generator = torch.Generator().manual_seed(1)
    return [
        (torch.randn(20, 3, 8, 8, generator=generator), torch.randint(4, (20,), generator=generator)) for _ in range(2)
    ]


def test_levels_are_scored_as_by_hand_and_the_network_stays(network, batches):
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    measured = api.sensitivity(network, iter(batches), kinds=["elements"], sparsities=[0.5])
    assert network.training  # as it came
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())

    def logits():
        with torch.no_grad():
            return torch.cat([network.eval()(images) for images, _ in batches]).numpy()

    labels, original = torch.cat([labels for _, labels in batches]).numpy(), logits()
    point = next(point for point in measured.singles if (point.target, point.level) == ("7", 0.5))
    weight = network[7].weight.data
    weight[weight.abs() <= weight.abs().flatten().sort().values[11]] = 0
    pruned = logits()
    assert point.accuracy == np.mean(pruned.argmax(1) == labels)
    assert point.agreement == np.mean(pruned.argmax(1) == original.argmax(1))
    loss = nn.functional.cross_entropy(torch.from_numpy(pruned), torch.from_numpy(labels))
    assert point.loss == pytest.approx(float(loss), rel=1e-5)
    assert [(point.target, point.level) for point in measured.singles] == [
        (name, level) for name in ("0", "3", "7") for level in (0.0, 0.5)
    ]


def test_calibration_images_may_come_with_labels(network, batches):
    plain = [images for images, _ in batches]
    settings = {"kinds": ["bits"], "bits": [2]}
    with_labels = api.sensitivity(network, batches, calibration=batches, **settings)
    assert api.sensitivity(network, batches, calibration=plain, **settings) == with_labels
    assert {point.retaken for point in with_labels.singles} == {False, True}


def test_networks_in_double_precision_are_measured_in_single(network, batches):
    doubled = [(images.double(), labels) for images, labels in batches]
    settings = {"kinds": ["elements"], "sparsities": [0.5]}
    expected = api.sensitivity(network, batches, **settings)
    assert api.sensitivity(network.double(), doubled, **settings) == expected


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"kinds": ["element"]}, "unknown kind 'element': did you mean 'elements'"),
        ({"kinds": "elements"}, "kinds: expected a list of kinds, not 'elements'"),
        ({"kinds": []}, "kinds is an empty list"),
        ({"kinds": ["stream-bits"]}, "no layers are added to one stream"),
        ({"sparsities": [1.0]}, "expected shares from 0 to below 1, not 1.0"),
        ({"sparsities": [True]}, "expected shares from 0 to below 1, not True"),
        ({"bits": [1]}, "bits: expected a whole number from 2, not 1"),
        ({"bits": [9]}, "bits: expected 2 to 8, not 9"),
        ({"rise": 0}, "rise: expected a number above 0, not 0"),
        ({"batches": []}, "there are no batches"),
        ({"batches": [torch.zeros(2, 3, 8, 8)]}, "batches are pairs of images (b, C, H, W) and labels (b,)"),
        ({"batches": [(torch.zeros(2, 3, 8, 8), [0])]}, "expected a label for each image"),
        ({"batches": [(torch.zeros(2, 3, 8, 8), [0, 99])]}, "labels are from 0 to "),
        ({"batches": [(torch.zeros(2, 3, 8, 8), [0, -1])]}, "as the network has classes, not -1"),
        ({"batches": [(torch.zeros(2, 3, 8, 8), ["a", "b"])]}, "labels are whole numbers, one for each image"),
        ({"batches": [(torch.zeros(2, 3, 8, 8), None)]}, "labels are whole numbers, one for each image"),
        ({"calibration": ["images"]}, "images are a tensor (n, C, H, W) of at least one image, not str"),
        ({"calibration": [torch.zeros(2, 1, 8, 8)]}, "does not take float32 images (1, 8, 8)"),
        ({"network": "resnet8"}, "expected a network"),
    ],
)
def test_a_mistake_is_one_sentence(network, batches, change, sentence):
    arguments = {"network": network, "batches": batches} | change
    with pytest.raises(InputError) as refusal:
        api.sensitivity(**arguments)
    assert sentence in str(refusal.value)
    assert len(refusal.value.problems) == 1
