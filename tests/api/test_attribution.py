import numpy as np
import pytest
import torch
from torch import nn

from bench import api
from bench.errors import InputError


def test_attributions_explain_the_own_answer_unless_told(images, make):
    network = make()
    with torch.no_grad():
        answers = network(images).argmax(1)
    np.testing.assert_array_equal(api.attributions(network, images), api.attributions(network, images, answers))
    other = (answers + 1) % 4
    assert api.agreement(api.attributions(network, images), api.attributions(network, images, other)).spearman.max() < 1


def test_agreement_is_exact_with_itself_and_lower_with_another_training(images, make):
    targets = np.zeros(40, int)
    first, same, other = (api.attributions(network, images, targets) for network in (make(), make(), make(1)))
    assert (api.agreement(first, same).spearman == 1).all() and (api.agreement(first, same).top_overlap == 1).all()
    assert api.agreement(first, other).spearman.mean() < 0.5


def test_grad_cam_of_the_deepest_block_or_the_one_named(images, make):
    assert api.attributions(make(), images, method="grad-cam").shape == (40, 6, 6)
    assert api.attributions(make(), images, method="grad-cam", layer="2").shape == (40, 8, 8)


def test_attributions_name_mistakes(images, make):
    with pytest.raises(InputError, match="did you mean 'grad-cam'"):
        api.attributions(make(), images, method="gradcam")
    with pytest.raises(InputError, match="no module 'layer'"):
        api.attributions(make(), images, method="grad-cam", layer="layer")
    with pytest.raises(InputError, match="one class for each of 40 images"):
        api.attributions(make(), images, [1, 2])
    with pytest.raises(InputError, match="integers, not float64"):
        api.attributions(make(), images, [1.7] * 40)
    with pytest.raises(InputError, match="targets are 0 to 3, not -1 to 4"):
        api.attributions(make(), images, [-1, 4] * 20)
    with pytest.raises(InputError, match="guided-backprop cannot go through this Sequential"):
        api.attributions(nn.Sequential(nn.Flatten(), nn.Linear(192, 2)), images, method="guided-backprop")
    with pytest.raises(InputError, match="one shape"):
        api.agreement(np.zeros((2, 3)), np.zeros((3, 3)))


def doubled(module, inputs, output):
    return output.roll(1, 1)


class Scaled(nn.Module):
    """Computes by things that are neither weights nor plain settings."""

    def __init__(self, network):
        super().__init__()
        self.network, self.settings = network, {"factor": 1.0}
        self.offset, self.last = torch.zeros(1), lambda logits: logits

    def forward(self, x):
        return self.last(self.network(x) * self.settings["factor"] + self.offset * x.sum((1, 2, 3))[:, None])


def edited_forward(self, x):
    return -self.network(x)


@pytest.mark.parametrize("change", ["hook", "tensor", "dictionary", "function", "class"])
def test_a_network_that_was_changed_is_explained_anew(images, make, change, monkeypatch):
    network, targets = Scaled(make()), np.zeros(40, int)
    before = api.attributions(network, images, targets)
    if change == "hook":
        network.network.register_forward_hook(doubled)
    elif change == "tensor":
        network.offset = torch.ones(1)
    elif change == "dictionary":
        network.settings["factor"] = 3.0
    elif change == "function":
        network.last = lambda logits: logits.square()
    else:
        monkeypatch.setattr(Scaled, "forward", edited_forward)
    assert np.abs(api.attributions(network, images, targets) - before).max() > 1e-6


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"method": ["saliency"]}, "method: expected a name"),
        ({"steps": 1.5}, "steps: expected a whole number from 1, not 1.5"),
        ({"steps": 0}, "steps: expected a whole number from 1, not 0"),
        ({"layer": 3}, "layer: expected a name, not 3"),
        ({"bypass_quantizers": "no"}, "bypass_quantizers: expected True or False, not 'no'"),
        ({"targets": [[1, 2], [1]]}, "one class per image, not lists of several lengths"),
        ({"targets": torch.ones(6, requires_grad=True)}, "integers, not float32"),
    ],
)
def test_attributions_name_mistakes_of_type(settings, sentence, images, make):
    with pytest.raises(InputError, match=sentence):
        api.attributions(make(), images, **settings)


def test_agreement_takes_lists():
    maps = [[[1.0, 2.0], [3.0, 4.0]]]
    assert api.agreement(maps, maps).spearman.tolist() == pytest.approx([1])


def test_agreement_takes_tensors_with_a_graph_and_numbers_without_a_sign():
    maps = torch.tensor([[[1.0, 2.0], [3.0, 4.0]]], requires_grad=True)
    assert api.agreement(maps, maps.detach().to(torch.uint8)).spearman.tolist() == pytest.approx([1])
    marked, other = np.eye(4, dtype=bool)[None], np.arange(16).reshape(1, 4, 4)
    assert api.agreement(marked, marked).top_overlap.tolist() == [1]
    assert api.agreement(marked, other.astype(np.uint8)).spearman == pytest.approx(
        api.agreement(marked.astype(float), other.astype(float)).spearman
    )


@pytest.mark.parametrize(
    ("maps", "sentence"),
    [
        (np.full((1, 2, 2), "a"), "first holds <U1, expected real numbers"),
        (np.full((1, 2, 2), 1j), "first holds complex128, expected real numbers"),
        (np.full((1, 2, 2), None), "first holds object, expected real numbers"),
        (np.zeros((1, 2, 2), "datetime64[s]"), "first holds datetime64"),
        ([[[1.0, 2.0]], [[1.0]]], "first is not one array of numbers"),
        (torch.zeros(1, 2, 2).to("meta"), "first is not one array of numbers"),
        (torch.zeros(1, 2, 2).to_sparse(), "first is not one array of numbers"),
    ],
)
def test_agreement_names_what_is_no_map(maps, sentence):
    with pytest.raises(InputError, match=sentence):
        api.agreement(maps, np.zeros((1, 2, 2)))
