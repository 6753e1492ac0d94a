import pytest
import torch
from torch import nn

from bench import registry
from bench.compress.filters import widths
from bench.compress.method import NotApplicable
from bench.compress.methods.float16 import Float16
from bench.compress.methods.magnitude import Magnitude
from bench.compress.methods.small_dense import SmallDense
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish
from bench.footprint.packed import pack, unpack
from bench.zoo.networks import build


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


@pytest.mark.parametrize(
    "model", [name for name in registry.names("bench.zoo") if name not in ("vgg16-bn", "resnet18")]
)
def test_the_file_is_as_small_as_was_asked_and_holds_the_same_network(model):
    fresh = build.build(model, 3, 10, 32, 0)
    images = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    whole = Compressed(fresh, example=images[:1])
    small = widths.of_size(whole, 0.2)
    assert 0.18 < widths.payload(small) / widths.payload(whole) <= 0.2
    finished = finish(small)
    read = unpack(pack(finished, {"name": model}), build.build(model, 3, 10, 32, 1)).eval()
    with torch.inference_mode():
        torch.testing.assert_close(read(images), finished.network(images), rtol=1e-5, atol=1e-5)


def test_pixels_of_a_flattened_map_stay_together():
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 36, 12), nn.Linear(12, 4)).eval()
    small = widths.scaled(Compressed(network, example=torch.zeros(1, 3, 8, 8)), 0.5).network
    assert [small[0].out_channels, small[3].in_features, small[3].out_features, small[4].in_features] == [4, 144, 6, 6]
    assert small[4].out_features == 4


def test_it_is_trained_from_fresh_weights_and_not_fine_tuned(compressed, workbench, through_a_file):
    before = {name: tensor.clone() for name, tensor in compressed.network.state_dict().items()}
    result = SmallDense(0.5)(compressed, workbench)
    assert (workbench.trained, workbench.distilled) == (1, 0)
    assert len(result.history) == 1
    assert all(torch.equal(compressed.network.state_dict()[name], tensor) for name, tensor in before.items())
    through_a_file(result)
    workbench.train = lambda network, **_: ()
    start = SmallDense(0.5)(compressed, workbench).network.conv.weight
    own = workbench.fresh().conv.weight[: len(start)]
    torch.testing.assert_close(start, own * (8 / len(start)) ** 0.25)


def test_it_may_listen_to_the_original(compressed, workbench):
    SmallDense(0.5, distill=True)(compressed, workbench)
    assert workbench.distilled == 1


def test_it_comes_first(compressed, workbench):
    for earlier in (Float16(), Magnitude(0.5)):
        with pytest.raises(NotApplicable, match="comes first in a chain"):
            SmallDense()(earlier(compressed, workbench), workbench)


def test_a_size_that_one_channel_a_layer_exceeds_is_refused(compressed, workbench):
    with pytest.raises(NotApplicable, match=r"with one channel a layer it still takes \d+ bytes, and at most \d+ fit"):
        SmallDense(0.001)(compressed, workbench)


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
