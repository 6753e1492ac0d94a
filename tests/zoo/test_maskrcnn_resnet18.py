"""The zoo's detector: what it takes, gives and learns, and how tasks and networks fit."""

import pytest
import torch

from bench import profile
from bench.errors import InputError
from bench.task.detection import Detection
from bench.zoo.networks import catalogue
from bench.zoo.networks.build import build

NAME = "maskrcnn-resnet18"


@pytest.fixture(scope="module")
def network():
    return build(NAME, 3, 5, 48, seed=0)


def test_images_of_any_sizes_get_boxes_and_masks_of_their_own_sizes(network):
    sizes = [(50, 80), (70, 40)]
    outputs = network([torch.rand(3, *size, generator=torch.Generator().manual_seed(0)) for size in sizes])
    for output, (height, width) in zip(outputs, sizes, strict=True):
        assert output["masks"].shape[1:] == (1, height, width)
        assert (output["boxes"] <= torch.tensor([width, height] * 2)).all()
        assert ((output["labels"] >= 1) & (output["labels"] < 5)).all()


def test_the_same_seed_gives_the_same_network_and_gray_images_fit():
    one, same, other = (build(NAME, 1, 5, 48, seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(tensor, same[key]) for key, tensor in one.items())
    assert not torch.equal(one["backbone.body.conv1.weight"], other["backbone.body.conv1.weight"])
    assert one["backbone.body.conv1.weight"].shape == (64, 1, 7, 7)


def test_an_object_is_learnt_through_the_tasks_loss():
    torch.manual_seed(0)
    network = build(NAME, 3, 3, 32, seed=0).train()
    image = torch.zeros(3, 32, 32)
    image[:, 8:24, 4:20] = 1
    mask = (image[:1] > 0).to(torch.uint8)
    targets = [{"boxes": torch.tensor([[4.0, 8, 20, 24]]), "labels": torch.tensor([2]), "masks": mask}] * 2
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    losses = []
    for _ in range(8):
        loss = Detection().loss(Detection().forward(network, torch.stack([image] * 2), targets), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert min(losses[1:]) < 0.5 * losses[0]  # a single step may jump, with another processor's rounding


def test_images_smaller_than_its_strides_are_refused():
    with pytest.raises(InputError, match="at least 32×32 pixels, given 31×31"):
        build(NAME, 3, 5, 31, seed=0)


def test_it_is_a_detector_with_cocos_outputs():
    assert catalogue.is_detector(NAME)
    assert catalogue.usual(NAME) == (91, 128)
    assert NAME not in catalogue.classifiers()
    assert "resnet8" in catalogue.classifiers()


@pytest.mark.parametrize(
    ("task", "model", "said"),
    [
        ("classification", NAME, f"model '{NAME}' detects objects: give task = \"detection\""),
        ("classification", "torchvision:fcos_resnet50_fpn", "detects objects"),
        ("detection", "resnet8", "model 'resnet8' gives a logit per class"),
    ],
)
def test_a_network_of_another_task_is_refused(task, model, said):
    text = f'seeds = [0]\ntask = "{task}"\nmodels = [{{name = "{model}"}}]\nmethods = [{{name = "float16"}}]\n'
    with pytest.raises(InputError, match=said):
        profile.parse("p", text)


def test_a_network_of_its_task_is_planned():
    text = f'seeds = [0]\ntask = "detection"\nmodels = [{{name = "{NAME}"}}]\nmethods = [{{name = "float16"}}]\n'
    assert profile.parse("p", text).file.margins.accuracy == 0.5
