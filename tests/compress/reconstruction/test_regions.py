"""Two networks that run as one on a detector's images read the same regions."""

from functools import partial

import pytest
import torch

from bench.compress.method import NotApplicable
from bench.compress.quantization.integers import Grid
from bench.compress.reconstruction import forward_pass, regions
from bench.compress.without_data import WithoutData
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish

GRID = Grid(bits=3, per_channel=True)
HEADS = ("box_head.fc6", "box_head.fc7", "box_predictor.cls_score", "mask_head.0.0", "mask_predictor.conv5_mask")


@pytest.fixture(scope="module")
def detector():
    return WithoutData("maskrcnn-resnet18", 3, 10, 32)


def kept(layers, layer):
    layers[layer.name] = layer
    return layer.rounding.nearest


def test_modules_that_read_regions_are_those_of_both_heads(detector):
    names = regions.reading(detector.fresh())
    assert {f"roi_heads.{name}" for name in HEADS} <= names
    assert not any(name.startswith(("backbone", "rpn")) for name in names)


def test_both_halves_read_the_regions_of_the_float_network(detector):
    layers = {}
    start = Compressed(detector.fresh(), example=detector.example)
    result = forward_pass.on_grid(start, detector, GRID, 2, partial(kept, layers), paired=True)
    assert len(layers) == sum(weight.ndim > 1 for weight in finish(start).network.parameters())
    read = []
    network = finish(start).network.eval()
    network.roi_heads.box_head.fc6.register_forward_pre_hook(lambda _, given: read.append(given[0]))
    with torch.no_grad():
        network(torch.cat([images for images, _ in detector.batches(2)]))
    fc6 = layers["roi_heads.box_head.fc6.weight"]
    torch.testing.assert_close(fc6.original, read[0], rtol=1e-4, atol=1e-4)
    for name in HEADS:
        layer = layers[f"roi_heads.{name}.weight"]
        assert layer.inputs.shape == layer.original.shape
        # feature maps of 3 bits are others, but of the same places: without that they would hardly correlate
        stacked = torch.stack([layer.inputs.flatten(), layer.original.flatten()])
        assert float(torch.corrcoef(stacked)[0, 1]) > 0.3, name
    assert "postprocess_detections" not in vars(result.network.roi_heads)


def test_regions_of_one_image_stay_beside_others_without_the_context(detector):
    network = detector.fresh()
    images = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        apart = network(images)
        with regions.of_the_first_half(network):
            same = network(images)
        again = network(images)
    assert not torch.equal(apart[0]["boxes"], apart[1]["boxes"])
    assert torch.equal(same[0]["boxes"], same[1]["boxes"]) and torch.equal(same[0]["boxes"], apart[0]["boxes"])
    assert torch.equal(again[1]["boxes"], apart[1]["boxes"])


def test_heads_that_read_no_region_are_refused(detector):
    network = detector.fresh()
    network.roi_heads.score_thresh = 2.0
    start = Compressed(network, example=detector.example)
    with pytest.raises(NotApplicable, match=r"mask_head\.0\.0\.weight reads regions, and none is found"):
        forward_pass.on_grid(start, detector, GRID, 2, partial(kept, {}))
