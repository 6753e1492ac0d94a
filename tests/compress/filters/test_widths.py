import pytest
import torch
from torch import nn

from bench.compress.filters import widths
from bench.compress.method import NotApplicable
from bench.footprint.compressed import Compressed
from bench.zoo.networks import build


class Listed(nn.Module):
    """Gives a list of dictionaries, as detectors do."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 4, 1)

    def forward(self, x):
        return [{"scores": maps.mean((1, 2))} for maps in self.second(self.first(x))]


def test_outputs_that_are_no_tensor_are_refused():
    with pytest.raises(NotApplicable, match="no tensor by whose shape"):
        widths.scaled(Compressed(Listed().eval(), example=torch.zeros(1, 3, 8, 8)), 0.5)


def test_every_layer_has_the_same_share_of_its_channels(compressed):
    network = widths.scaled(compressed, 0.5).network
    assert network.conv.weight.shape == (4, 3, 3, 3)
    assert network.block.conv2.weight.shape == (4, 4, 3, 3)
    assert network.block.bn2.num_features == 4
    assert network.fc.weight.shape == (4, 4)


def test_the_full_width_is_the_network_itself(compressed):
    whole = widths.scaled(compressed, 1.0)
    for name, tensor in compressed.network.state_dict().items():
        assert torch.equal(whole.network.state_dict()[name], tensor)
    assert widths.payload(whole) == widths.payload(compressed)


def test_weights_keep_the_variance_that_their_width_begins_with():
    wide = Compressed(build.build("vgg16-bn", 3, 10, 32, 0), example=torch.zeros(1, 3, 32, 32))
    narrow = widths.scaled(wide, 0.25).network.features[10].weight
    assert narrow.std().item() == pytest.approx((2 / (narrow.shape[0] * 9)) ** 0.5, rel=0.05)


def test_pixels_of_a_flattened_map_stay_together():
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 36, 12), nn.Linear(12, 4)).eval()
    small = widths.scaled(Compressed(network, example=torch.zeros(1, 3, 8, 8)), 0.5).network
    assert [small[0].out_channels, small[3].in_features, small[3].out_features, small[4].in_features] == [4, 144, 6, 6]
    assert small[4].out_features == 4


def test_layers_that_do_not_fit_together_are_refused():
    class Doubled(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.after, self.fc = nn.Conv2d(3, 5, 1), nn.Conv2d(10, 4, 1), nn.Linear(4, 2)

        def forward(self, x):
            x = self.conv(x)
            return self.fc(self.after(torch.cat([x, x], 1)).mean((2, 3)))

    with pytest.raises(NotApplicable, match="cannot all have the same share of their channels"):
        widths.scaled(Compressed(Doubled().eval(), example=torch.zeros(1, 3, 4, 4)), 0.3)
