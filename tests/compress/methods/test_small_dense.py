import pytest
import torch

from bench.compress.filters import widths
from bench.compress.method import NotApplicable
from bench.compress.methods.float16 import Float16
from bench.compress.methods.magnitude import Magnitude
from bench.compress.methods.small_dense import SmallDense
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish
from bench.footprint.packed import pack, unpack
from bench.zoo.networks import build
from bench.zoo.networks.catalogue import classifiers


@pytest.mark.sampled
@pytest.mark.parametrize("model", [name for name in classifiers() if name not in ("vgg16-bn", "resnet18")])
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
