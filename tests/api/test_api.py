import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from bench import api
from bench.errors import InputError


def make(seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        parts = [nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(inplace=True)]
        return nn.Sequential(*parts, nn.Conv2d(8, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(288, 4)).eval()


@pytest.fixture
def images():
    return torch.randn(40, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def test_compare_through_a_loader_of_images_and_labels(images):
    loader = DataLoader(TensorDataset(images, torch.zeros(40)), batch_size=16)
    same = api.compare(make(), make(), loader)
    other = api.compare(make(), make(1), loader)
    assert list(same) == list(other) == ["2", "4"]
    for layer in same:
        assert same[layer].value == pytest.approx(1.0)
        assert other[layer].low < other[layer].value < other[layer].high
        assert other[layer].value < 0.98 and other[layer].n == 40


def test_compare_is_the_measure_on_the_features(images):
    from bench.similarity.measures.procrustes import Procrustes

    first, second = make(), make(1)
    with torch.no_grad():
        features = [network[:3](images).flatten(1).numpy() for network in (first, second)]
    found = api.compare(first, second, [images], layers=["2"], features="flattened", measure="procrustes")
    assert found["2"].value == pytest.approx(Procrustes()(*features), rel=1e-4)


def test_compare_says_why_a_layer_has_no_value(images):
    dead = make()
    dead[0].weight.data.zero_()
    found = api.compare(make(), dead, [images], layers=["2", "4"])
    assert np.isnan(found["2"].value) and "no spread" in found["2"].warning


def test_compare_leaves_networks_as_they_were(images):
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
def test_compare_names_mistakes(settings, sentence, images):
    with pytest.raises(InputError, match=sentence):
        api.compare(make(), make(), [images], **settings)


def test_compare_needs_batches():
    with pytest.raises(InputError, match="no batches"):
        api.compare(make(), make(), [])


def test_footprint_pays_for_weights_that_are_not_zero():
    dense, sparse = make(), make()
    sparse[6].weight.data[:, 20:] = 0
    image = torch.zeros(1, 3, 8, 8)
    found, less = api.footprint(dense, image), api.footprint(sparse, image)
    parameters = (27 * 8 + 8) + (72 * 8 + 8) + (288 * 4 + 4)  # batch norm is folded
    assert found.parameters == parameters and found.payload_bytes == 4 * parameters
    assert found.macs == 64 * 216 + 36 * 576 + 1152
    assert less.payload_bytes < 0.7 * found.payload_bytes
    assert less.nonzero_weights == found.nonzero_weights - 4 * 268
    assert sum(found.layers.values()) == found.payload_bytes < found.file_bytes


def test_footprint_leaves_the_network_as_it_was():
    network = make().train()
    api.footprint(network, torch.zeros(1, 3, 8, 8))
    assert network.training and isinstance(network[1], nn.BatchNorm2d)
    with pytest.raises(InputError, match="one image"):
        api.footprint(network, torch.zeros(3, 8, 8))


def test_attributions_explain_the_own_answer_unless_told(images):
    network = make()
    with torch.no_grad():
        answers = network(images).argmax(1)
    np.testing.assert_array_equal(api.attributions(network, images), api.attributions(network, images, answers))
    other = (answers + 1) % 4
    assert api.agreement(api.attributions(network, images), api.attributions(network, images, other)).spearman.max() < 1


def test_agreement_is_exact_with_itself_and_lower_with_another_training(images):
    targets = np.zeros(40, int)
    first, same, other = (api.attributions(network, images, targets) for network in (make(), make(), make(1)))
    assert (api.agreement(first, same).spearman == 1).all() and (api.agreement(first, same).top_overlap == 1).all()
    assert api.agreement(first, other).spearman.mean() < 0.5


def test_grad_cam_of_the_deepest_block_or_the_one_named(images):
    assert api.attributions(make(), images, method="grad-cam").shape == (40, 6, 6)
    assert api.attributions(make(), images, method="grad-cam", layer="2").shape == (40, 8, 8)


def test_attributions_name_mistakes(images):
    with pytest.raises(InputError, match="did you mean 'grad-cam'"):
        api.attributions(make(), images, method="gradcam")
    with pytest.raises(InputError, match="no module 'layer'"):
        api.attributions(make(), images, method="grad-cam", layer="layer")
    with pytest.raises(InputError, match="one class for each of 40 images"):
        api.attributions(make(), images, [1, 2])
    with pytest.raises(InputError, match="guided-backprop cannot go through this Sequential"):
        api.attributions(nn.Sequential(nn.Flatten(), nn.Linear(192, 2)), images, method="guided-backprop")
    with pytest.raises(InputError, match="one shape"):
        api.agreement(np.zeros((2, 3)), np.zeros((3, 3)))


def test_maximize_activation_finds_what_a_channel_likes():
    network = nn.Sequential(nn.Conv2d(3, 2, 1), nn.ReLU()).eval()
    network[0].weight.data = torch.tensor([[1.0, 0, -1], [-1, 0, 1]])[:, :, None, None]
    pixels = np.random.default_rng(0).integers(0, 256, size=(20, 3, 8, 8), dtype=np.uint8)
    settings = {"mean": [0.5] * 3, "std": [0.25] * 3, "steps": 40}
    red, blue = api.maximize_activation(network, "1", [0, 1], pixels, **settings).astype(float)
    assert red[0, 3:5, 3:5].mean() > red[2, 3:5, 3:5].mean() + 40
    assert blue[2, 3:5, 3:5].mean() > blue[0, 3:5, 3:5].mean() + 40


def test_maximize_activation_names_mistakes():
    pixels = np.zeros((4, 3, 8, 8), dtype=np.uint8)
    settings = {"mean": [0.5] * 3, "std": [0.25] * 3}
    with pytest.raises(InputError, match="did you mean '2'"):
        api.maximize_activation(make(), "12", [0], pixels, **settings)
    with pytest.raises(InputError, match="expected 0 to 7"):
        api.maximize_activation(make(), "2", [8], pixels, **settings)
    with pytest.raises(InputError, match="uint8 for this mean"):
        api.maximize_activation(make(), "2", [0], pixels.astype(float), **settings)
    with pytest.raises(InputError, match="feature maps"):
        api.maximize_activation(make(), "6", [0], pixels, **settings)
