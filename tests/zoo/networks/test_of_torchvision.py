"""torchvision's published weights: downloaded by name, each logit that of its class."""

from __future__ import annotations

import io
import logging

import pytest
import torch
from torchvision import models

from bench import api
from bench.data.sources.imagenet import labels
from bench.errors import InputError
from bench.zoo.networks import of_torchvision
from bench.zoo.networks.build import build

NAME = "torchvision:resnet18"
WNIDS = list(labels())


@pytest.fixture(scope="module")
def published():
    """What torchvision would download, with other weights."""
    torch.manual_seed(3)
    return models.resnet18().eval()


@pytest.fixture
def hub(tmp_path, monkeypatch, published):
    """torch's folder, as it is after a download."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    (tmp_path / "hub/checkpoints").mkdir(parents=True)
    torch.save(published.state_dict(), tmp_path / "hub/checkpoints/resnet18-f37072fd.pth")
    return tmp_path


def content(network):
    file = io.BytesIO()
    torch.save(network.state_dict(), file)
    return "w.pth", file.getvalue()


def answers(network):
    return network(torch.linspace(-1, 1, 3 * 64 * 64).reshape(1, 3, 64, 64))


def begun(published, names):
    return build(NAME, 3, len(names), 64, 0, content(published), names)


@pytest.mark.parametrize("weights", ["IMAGENET1K_V1", "DEFAULT"])
def test_published_weights_answer_as_torchvisions_own(hub, published, weights):
    path = of_torchvision.downloaded(NAME, weights)
    assert path == hub / "hub/checkpoints/resnet18-f37072fd.pth"
    network = build(NAME, 3, 1000, 64, 0, (path.name, path.read_bytes()), WNIDS)
    torch.testing.assert_close(answers(network), answers(published), rtol=0, atol=0)
    torch.testing.assert_close(answers(api.network(NAME, weights=weights, size=64)), answers(published))


def test_logits_follow_the_names_of_the_classes(published):
    expected = answers(published)[0]
    for chosen in ([5, 0, 999], list(range(999, -1, -1))):
        found = answers(begun(published, [WNIDS[label] for label in chosen]))[0]
        torch.testing.assert_close(found, expected[chosen])
    torch.testing.assert_close(answers(begun(published, ["goldfish", "tench"]))[0], expected[[1, 0]])


def test_other_classes_begin_anew(published, caplog):
    with caplog.at_level(logging.WARNING):
        network = begun(published, ["cat", "dog"])
    assert "the classifier of torchvision:resnet18 begins anew: its weights are of 1,000 other classes" in caplog.text
    assert torch.equal(network.fc.weight, build(NAME, 3, 2, 64, 0).fc.weight)
    assert torch.equal(network.layer4[1].conv2.weight, published.layer4[1].conv2.weight)


def test_a_thousand_classes_of_other_names_are_refused(published):
    with pytest.raises(
        InputError, match=r"the data's 1,000 are called otherwise, e\.g\. '0': call them by their WordNet"
    ):
        begun(published, [str(number) for number in range(1000)])


def test_a_file_of_as_many_classes_is_taken_as_it_is():
    torch.manual_seed(1)
    ten = models.resnet18(num_classes=10).eval()
    torch.testing.assert_close(answers(begun(ten, list("abcdefghij"))), answers(ten))


def test_a_file_of_another_network_is_refused():
    with pytest.raises(InputError, match=r"weights 'w\.pth' do not fit torchvision:resnet18: .* missing"):
        begun(models.squeezenet1_1(), ["cat", "dog"])


@pytest.mark.parametrize("model", ["squeezenet1_1", "densenet121", "googlenet", "mobilenet_v3_small"])
def test_classifiers_of_every_kind_are_found(model):
    theirs = models.get_model(model, weights=None, **({"init_weights": False} if model == "googlenet" else {})).eval()
    file, data = content(theirs)
    if model == "densenet121":  # as the published file names them
        old = {key.replace("norm1.", "norm.1.").replace("conv2.", "conv.2."): value
               for key, value in theirs.state_dict().items()}  # fmt: skip
        buffer = io.BytesIO()
        torch.save(old, buffer)
        data = buffer.getvalue()
    network = build(f"torchvision:{model}", 3, 3, 64, 0, (file, data), [WNIDS[7], WNIDS[1], WNIDS[2]])
    torch.testing.assert_close(answers(network)[0], answers(theirs)[0][[7, 1, 2]], rtol=1e-4, atol=1e-5)


def test_without_a_network_the_sentence_says_what_to_do(tmp_path, monkeypatch):
    def offline(*_, **__):
        raise OSError("no network\nand more")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("torch.hub.download_url_to_file", offline)
    with pytest.raises(InputError) as error:
        of_torchvision.downloaded(NAME, "IMAGENET1K_V1")
    (sentence,) = error.value.problems
    assert sentence == (
        "torchvision cannot download weights 'IMAGENET1K_V1' of torchvision:resnet18 (no network and more): put "
        f"{models.ResNet18_Weights.IMAGENET1K_V1.url} into {tmp_path}/hub/checkpoints by hand, or give a "
        'file, e.g. weights = "weights.pth"'
    )


def test_unknown_weights_are_named_with_the_nearest():
    with pytest.raises(InputError, match="has none called 'IMAGENET1K_V3', did you mean 'IMAGENET1K_V1'"):
        of_torchvision.downloaded(NAME, "IMAGENET1K_V3")
