"""Which layers of torchvision's detectors PQF quantises otherwise."""

import pytest
import torch
from torch import nn
from torchvision.models import detection

from bench.compress.codebooks import product_quantization
from bench.compress.codebooks.detectors import exceptions
from bench.footprint.trace import Operation, Trace
from tests.compress.methods.test_pqf import formula

SETTINGS = product_quantization.Settings("small", 256, None, 1, None, 0)


def built(name):
    with torch.device("meta"):
        return detection.__dict__[name](weights=None, weights_backbone=None)


def traced(first):
    """As far as a plan asks: the first convolution, and no classifier."""
    return Trace([Operation("convolution", first, (), (), (f"{first}.weight",), (), 0, False)])


def test_mask_r_cnn_takes_the_papers_6_65_mib():
    network = built("maskrcnn_resnet50_fpn")
    layers = product_quantization.plan(network, traced("backbone.body.conv1"), SETTINGS)
    assert formula(network, layers) / 8 == 6_967_876  # 6.645 MiB
    assert layers["roi_heads.box_head.fc6.weight"].length == 16
    assert layers["backbone.body.layer1.0.conv1.weight"].words == 128
    assert layers["roi_heads.mask_predictor.conv5_mask.weight"].length == 4
    unquantised = {name for name, weight in network.named_parameters() if weight.ndim > 1} - layers.keys()
    assert unquantised == {
        "backbone.body.conv1.weight",
        "rpn.head.cls_logits.weight",
        "rpn.head.bbox_pred.weight",
        "roi_heads.mask_predictor.mask_fcn_logits.weight",
    }


def test_faster_r_cnn_goes_by_the_same_rules_wherever_it_stands():
    other = exceptions(nn.ModuleDict({"detector": built("fasterrcnn_resnet50_fpn_v2")}))
    assert other.float32 == {"detector.rpn.head.cls_logits.weight", "detector.rpn.head.bbox_pred.weight"}
    assert other.lengths == {"detector.roi_heads.box_head.5.weight": 16}
    assert other.words == {"detector.backbone.body.layer1.0.conv1.weight": 128}


@pytest.mark.parametrize("name", ["retinanet_resnet50_fpn", "fcos_resnet50_fpn"])
def test_detectors_of_one_stage_and_classifiers_have_no_exceptions(name):
    for network in (built(name), nn.Sequential(nn.Conv2d(3, 4, 1))):
        other = exceptions(network)
        assert (other.float32, other.lengths, other.words) == (frozenset(), {}, {})


def test_fewer_words_are_as_few_in_the_first_pointwise_layer():
    network = built("maskrcnn_resnet50_fpn")
    settings = product_quantization.Settings("small", 64, None, 1, None, 0)
    layers = product_quantization.plan(network, traced("backbone.body.conv1"), settings)
    assert layers["backbone.body.layer1.0.conv1.weight"].words == 64
