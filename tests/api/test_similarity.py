import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from bench import api
from bench.errors import InputError
from bench.similarity.measures.debiased_cka import DebiasedCKA
from bench.similarity.measures.procrustes import Procrustes


def test_compare_through_a_loader_of_images_and_labels(images, make):
    loader = DataLoader(TensorDataset(images, torch.zeros(40)), batch_size=16)
    same = api.compare(make(), make(), loader)
    other = api.compare(make(), make(1), loader)
    assert list(same) == list(other) == ["2", "4"]
    for layer in same:
        assert same[layer].value == pytest.approx(1.0)
        assert other[layer].low < other[layer].value < other[layer].high
        assert other[layer].value < 0.98 and other[layer].n == 40


def test_compare_is_the_measure_on_the_features(images, make):
    first, second = make(), make(1)
    with torch.no_grad():
        features = [network[:3](images).flatten(1).numpy() for network in (first, second)]
    found = api.compare(first, second, [images], layers=["2"], features="flattened", measure="procrustes")
    assert found["2"].value == pytest.approx(Procrustes()(*features), rel=1e-4)


def test_compare_says_why_a_layer_has_no_value(images, make):
    dead = make()
    dead[0].weight.data.zero_()
    found = api.compare(make(), dead, [images], layers=["2", "4"])
    assert np.isnan(found["2"].value) and "no spread" in found["2"].warning


def test_compare_leaves_networks_as_they_were(images, make):
    network = make().train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    api.compare(network, make(), [images])
    assert network.training and all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"layers": ["22"]}, "no module '22': did you mean '2'"),
        ({"measure": "debiased-ckka"}, "did you mean 'debiased-cka'"),
        ({"measure": "churn"}, "needs more than activations"),
        ({"measure": "linear-probe"}, "needs more than activations"),
    ],
)
def test_compare_names_mistakes(settings, sentence, images, make):
    with pytest.raises(InputError, match=sentence):
        api.compare(make(), make(), [images], **settings)


def test_compare_needs_batches(make):
    with pytest.raises(InputError, match="no batches"):
        api.compare(make(), make(), [])


@pytest.mark.parametrize("features", ["pooled", "flattened"])
def test_compare_holds_as_many_layers_as_fit(features, images, make, monkeypatch):
    loader = DataLoader(TensorDataset(images), batch_size=16)
    together = api.compare(make(), make(1), loader, features=features)
    monkeypatch.setattr("bench.api.similarity.HELD", 1)
    assert api.compare(make(), make(1), loader, features=features) == together


def test_compare_says_that_a_measure_does_not_fit_into_memory(images, make, monkeypatch):
    def too_large(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Procrustes, "compute_on_rows", too_large)
    found = api.compare(make(), make(1), [images], measure="procrustes")
    assert np.isnan(found["2"].value) and "more memory for 40 images" in found["2"].warning


def test_compare_names_mistakes_of_settings(images, make):
    with pytest.raises(InputError, match="unknown features 'pool': did you mean 'pooled'"):
        api.compare(make(), make(), [images], features="pool")
    with pytest.raises(InputError, match="layers is a list of names"):
        api.compare(make(), make(), [images], layers="24")


def test_compare_names_what_is_no_list_of_images_or_layers(images, make):
    for batches, sentence in (
        (images, "batches is a list of tensors"),
        ([images.numpy()], "images are a tensor .* not ndarray"),
        ([{"image": images}], "images are a tensor .* not dict"),
        ([images[:0]], "at least one image"),
    ):
        with pytest.raises(InputError, match=sentence):
            api.compare(make(), make(), batches)
    for layers, sentence in (([], "layers is an empty list"), ([1], "layer: expected a name, not 1")):
        with pytest.raises(InputError, match=sentence):
            api.compare(make(), make(), [images], layers=layers)


class Side(torch.nn.Module):
    """Calls an activation for what it writes over its input."""

    def __init__(self):
        super().__init__()
        self.conv, self.relu, self.fc = torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU(inplace=True), torch.nn.Linear(8, 4)

    def forward(self, x):
        y = self.conv(x)
        self.relu(y)
        return self.fc(y.mean((2, 3)))


def test_what_relies_on_writing_in_place_is_refused(images, make):
    with pytest.raises(InputError, match=r"Side relies on an activation .*: write x = relu\(x\)"):
        api.attributions(Side(), images)
    with pytest.raises(InputError, match="Side relies on an activation"):
        api.compare(Side(), make(), [images], layers=["relu"])


def test_networks_that_cannot_take_the_images(images, make):
    for change, kind in ((torch.nn.Module.half, "Half"), (torch.nn.Module.double, "double")):
        with pytest.raises(InputError, match=rf"Sequential does not take float32 images .*{kind}"):
            api.compare(make(), change(make()), [images])
        with pytest.raises(InputError, match="Sequential does not take float32 images"):
            api.attributions(change(make()), images)


def test_compiled_networks_are_looked_into_as_they_were_written(images, make):
    found = api.compare(torch.compile(make()), make(), [images])
    assert list(found) == ["2", "4"] and all(estimate.value == 1 for estimate in found.values())


class Shared(torch.nn.Module):
    """One ReLU for all convolutions, or for the first alone; as torchvision's blocks have it."""

    def __init__(self, seed, twice=True):
        super().__init__()
        torch.manual_seed(seed)
        self.first, self.second = torch.nn.Conv2d(3, 6, 3, padding=1), torch.nn.Conv2d(6, 6, 3, padding=1)
        self.relu, self.fc = torch.nn.ReLU(inplace=True), torch.nn.Linear(6, 4)
        self.twice = twice

    def forward(self, x):
        x = self.second(self.relu(self.first(x)))
        x = self.relu(x) if self.twice else x.relu()
        return self.fc(x.mean((2, 3)))


def test_compare_takes_the_call_that_is_named(images):
    first, second = Shared(0), Shared(1)
    found = api.compare(first, second, [images[:20], images[20:]], layers=["relu#1", "relu#2"], features="flattened")
    with torch.no_grad():
        by_hand = [[net.first(images).relu(), net.second(net.first(images).relu()).relu()] for net in (first, second)]
    for name, x, y in zip(("relu#1", "relu#2"), *by_hand):
        expected = DebiasedCKA()(x.flatten(1).numpy(), y.flatten(1).numpy())
        assert found[name].n == 40 and found[name].value == pytest.approx(expected, rel=1e-4)


def test_compare_refuses_a_layer_that_says_no_single_output(images):
    for networks, which, count in (
        ((Shared(0), Shared(1)), "first", "2 times"),
        ((Shared(0, twice=False), Shared(1)), "second", "2 times"),
    ):
        with pytest.raises(InputError, match=rf"compare, {which} network: .*relu {count}.*relu#1 to relu#2"):
            api.compare(*networks, [images], layers=["relu"])
    with pytest.raises(InputError, match=r"first network: .*calls relu once: there is no relu#2"):
        api.compare(Shared(0, twice=False), Shared(1), [images], layers=["relu#2"])
    with pytest.raises(InputError, match="layer 'relu' is named twice"):
        api.compare(Shared(0), Shared(1), [images], layers=["relu", "relu"])


def test_layers_may_come_from_anything_that_yields_names(images, make):
    network = make()
    expected = api.compare(network, make(1), [images], layers=["2"])
    assert api.compare(network, make(1), [images], layers=(name for name in ["2"])) == expected


@pytest.mark.parametrize("value", ["resnet18", None, {"weight": 1}])
def test_what_is_no_network_is_named(value, images, make):
    with pytest.raises(InputError, match=f"expected a network, a torch.nn.Module, not {type(value).__name__}"):
        api.compare(make(), value, [images])


@pytest.mark.parametrize("value", [3, "images"])
def test_what_is_no_list_of_batches_is_named(value, make):
    with pytest.raises(InputError, match="batches: expected a list of tensors"):
        api.compare(make(), make(), value)


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        ("images", "batch 2 is str, expected a tensor"),
        (None, "batch 2 is NoneType, expected a tensor"),
        ({"images": 1}, "batch 2 is dict, expected a tensor"),
        ((), "batch 2 is tuple, expected a tensor"),
        (torch.rand(20, 1, 8, 8), r"batch 2 is \(20, 1, 8, 8\) float32, the first is \(20, 3, 8, 8\) float32"),
        (torch.rand(20, 3, 8, 8).double(), r"batch 2 is \(20, 3, 8, 8\) float64, the first is"),
    ],
)
def test_a_later_batch_of_another_kind_is_told(second, expected):
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU())
    with pytest.raises(InputError, match=expected):
        api.compare(network, network, [torch.rand(20, 3, 8, 8), second], layers=["1"])
