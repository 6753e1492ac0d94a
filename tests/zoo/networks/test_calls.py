import pytest
import torch
from torch import nn
from torch.nn import functional as F

from bench.zoo.networks.activations import block_outputs_of
from bench.zoo.networks.calls import NoOutput


class Twice(nn.Module):
    """Calls one module three times, for maps of two sizes, and overwrites what it put out."""

    def __init__(self):
        super().__init__()
        self.relu, self.other, self.once = nn.ReLU(), nn.ReLU(), nn.Identity()
        self.alias = self.other

    def forward(self, x):
        y = self.relu(x)
        y += 100
        z = self.relu(-x[..., ::2])
        F.relu(self.once(z - 1), inplace=True)
        return self.relu(y) + self.other(y) + self.alias(y)


IMAGES = torch.arange(-8.0, 8.0).reshape(2, 1, 2, 4)


def taken(name, network=None, images=IMAGES):
    (outputs,) = block_outputs_of(network or Twice(), [name], [images], ["flattened"])
    return torch.from_numpy(outputs.features["flattened"])


def test_each_call_has_its_own_output_as_it_was_put_out():
    assert torch.equal(taken("relu#1"), IMAGES.relu().flatten(1))
    assert torch.equal(taken("relu#2"), (-IMAGES[..., ::2]).relu().flatten(1))
    assert torch.equal(taken("relu#3"), (IMAGES.relu() + 100).flatten(1))
    assert torch.equal(taken("once"), ((-IMAGES[..., ::2]).relu() - 1).flatten(1))
    assert torch.equal(taken("once#1"), taken("once"))


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("relu", "calls relu 3 times, with as many outputs: name one of its calls, relu#1 to relu#3"),
        ("relu#4", "calls relu 3 times: there is no relu#4"),
        ("once#2", "calls once once: there is no once#2"),
        ("alias", "calls alias 2 times"),
        ("relo#2", "no module relo#2"),
        ("relu#x", "no module relu#x"),
    ],
)
def test_a_name_that_says_no_single_call_is_refused(name, sentence):
    with pytest.raises(NoOutput, match=sentence):
        taken(name)


def test_a_name_with_a_number_sign_of_its_own():
    network = nn.Sequential()
    network.add_module("a#2", nn.ReLU())
    assert torch.equal(taken("a#2", network), IMAGES.relu().flatten(1))


class Gives(nn.Module):
    def __init__(self, give):
        super().__init__()
        self.give = give

    def forward(self, x):
        return self.give(x)


@pytest.mark.parametrize("give", [lambda x: (x, None), lambda x: [x], lambda x: {"out": x}])
def test_the_only_tensor_of_a_container_is_taken(give):
    network = nn.Sequential(Gives(give), Gives(lambda given: IMAGES))
    assert torch.equal(taken("0", network), IMAGES.flatten(1))


@pytest.mark.parametrize(
    ("give", "sentence"),
    [
        (lambda x: (x, (x, x)), "0 puts out a tuple with 3 tensors, not one"),
        (lambda x: {"none": 1}, "0 puts out a dict with 0 tensors"),
        (lambda x: x.sum(), "0 puts out float32"),
        (lambda x: x + 1j, "0 puts out complex64"),
        (lambda x: x.to("meta"), r"0 puts out float32 \(2, 1, 2, 4\) without values"),
        (lambda x: torch.nested.nested_tensor(list(x)), "0 puts out a nested tensor"),
        (lambda x: x.flatten(0, 2), r"0 puts out \(4, 4\) for 2 images, not a row for each"),
    ],
)
def test_what_is_no_row_an_image_is_refused(give, sentence):
    with pytest.raises(NoOutput, match=sentence):
        taken("0", nn.Sequential(Gives(give), Gives(lambda given: IMAGES)))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "give",
    [
        torch.Tensor.to_sparse,
        lambda x: x.flatten(1).to_sparse_csr(),
        lambda x: torch.quantize_per_tensor(x, 0.5, 0, torch.qint8),
    ],
)
def test_sparse_and_quantised_maps_are_taken_by_their_values(give):
    network = nn.Sequential(Gives(give), Gives(lambda given: IMAGES))
    assert torch.equal(taken("0", network), IMAGES.flatten(1))


@pytest.mark.filterwarnings("ignore")
def test_torchscript_is_refused():
    with pytest.raises(NoOutput, match="TorchScript, whose layers cannot be heard: give the module"):
        taken("0", torch.jit.script(nn.Sequential(nn.ReLU())))


def test_batches_of_images_of_different_sizes_are_refused():
    with pytest.raises(NoOutput, match="0 puts out 8 numbers an image in one batch, 16 in another"):
        block_outputs_of(nn.Sequential(nn.ReLU()), ["0"], [IMAGES, torch.ones(1, 1, 4, 4)], ["flattened"])


def test_hooks_are_gone_after_a_refusal():
    network = Twice()
    with pytest.raises(NoOutput):
        taken("relu", network)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in network.modules())
