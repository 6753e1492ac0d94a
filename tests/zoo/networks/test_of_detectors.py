"""torchvision's detectors from its own weights, old and new, of other classes, and from a classifier's backbone."""

import io
import logging

import pytest
import torch
from torchvision import models
from torchvision.models import detection

from bench.errors import InputError
from bench.zoo.networks import of_detectors
from bench.zoo.networks.activations import block_outputs_of
from bench.zoo.networks.blocks import block_outputs
from bench.zoo.networks.build import build
from bench.zoo.networks.catalogue import torchvision_network
from bench.zoo.networks.checkpoint import load_checkpoint, nearest_in
from bench.zoo.networks.former_names import as_now
from bench.zoo.networks.wrappings import under_own_names

SMALL = "torchvision:ssdlite320_mobilenet_v3_large"
CATEGORIES = detection.MaskRCNN_ResNet50_FPN_Weights.COCO_V1.meta["categories"]


def own(name, classes=91):
    with torch.device("meta"):
        return detection.__dict__[name](weights=None, weights_backbone=None, num_classes=classes)


def tensors_of(network):
    """A value per tensor, so that files stay small: the first entries of each count its rows."""
    made = {}
    for number, (key, tensor) in enumerate(network.state_dict().items()):
        values = torch.full((1,) * tensor.ndim, float(number % 7)).expand(tensor.shape) + torch.zeros(1)
        rows = torch.arange(len(tensor) if tensor.ndim else 1).reshape(-1, *[1] * max(tensor.ndim - 1, 0))
        made[key] = (values + rows if tensor.ndim else values.reshape(())).to(tensor.dtype)
    return made


def content(tensors):
    file = io.BytesIO()
    torch.save(tensors, file)
    return "w.pth", file.getvalue()


def formerly(key):
    """Names of torchvision before 0.14, written out by hand for Mask R-CNN."""
    for stem in ("inner_blocks", "layer_blocks"):
        for n in range(4):
            key = key.replace(f"fpn.{stem}.{n}.0.", f"fpn.{stem}.{n}.")
    key = key.replace("rpn.head.conv.0.0.", "rpn.head.conv.")
    for n in range(4):
        key = key.replace(f"mask_head.{n}.0.", f"mask_head.mask_fcn{n + 1}.")
    return key


def test_former_names_are_todays_of_every_tensor():
    names = list(own("maskrcnn_resnet50_fpn").state_dict())
    former = [formerly(name) for name in names]
    assert sum(one != other for one, other in zip(names, former)) == 2 * (4 + 4 + 1 + 4)
    assert [as_now(name) for name in former] == names
    assert [as_now(name) for name in names] == names
    retina = list(own("retinanet_resnet50_fpn").state_dict())
    assert "head.classification_head.conv.3.0.weight" in retina
    assert as_now("head.classification_head.conv.6.weight") == "head.classification_head.conv.3.0.weight"
    assert as_now("module.backbone.fpn.layer_blocks.0.bias") == "module.backbone.fpn.layer_blocks.0.0.bias"


@pytest.mark.parametrize("prefix", ["", "module."])
def test_a_checkpoint_of_former_names_fills_a_network_as_torchvision_does(tmp_path, prefix):
    torch.manual_seed(3)
    network = small_mask_rcnn()
    file = {prefix + formerly(key): tensor for key, tensor in network.state_dict().items()}
    assert any("mask_fcn1" in key for key in file)
    torch.save(file, tmp_path / "old.pth")
    torch.manual_seed(4)
    loaded = small_mask_rcnn()
    load_checkpoint(loaded, tmp_path / "old.pth")
    assert all(torch.equal(tensor, network.state_dict()[key]) for key, tensor in loaded.state_dict().items())


def small_mask_rcnn():
    """A Mask R-CNN of a million parameters, of torchvision's modules."""
    backbone = detection.backbone_utils._resnet_fpn_extractor(models.resnet18(width_per_group=64), 5)
    return detection.MaskRCNN(backbone, 5, min_size=32, max_size=32)


def test_heads_that_fcos_calls_by_former_names_of_retinanet_stay():
    network = own("fcos_resnet50_fpn")
    names = list(network.state_dict())
    assert "head.classification_head.conv.0.weight" in names
    tensors = dict(network.state_dict())
    assert under_own_names(network, tensors).keys() == tensors.keys()


def test_weights_of_as_many_classes_are_taken_as_they_are():
    tensors = tensors_of(own("ssdlite320_mobilenet_v3_large"))
    network = build(SMALL, 3, 91, 320, 0, content(tensors))
    assert all(torch.equal(tensor, tensors[key]) for key, tensor in network.state_dict().items())


@pytest.mark.parametrize(
    ("name", "key", "anchors"),
    [
        ("maskrcnn_resnet50_fpn", "roi_heads.box_predictor.cls_score.weight", None),
        ("maskrcnn_resnet50_fpn", "roi_heads.box_predictor.bbox_pred.bias", None),
        ("maskrcnn_resnet50_fpn", "roi_heads.mask_predictor.mask_fcn_logits.weight", None),
        ("retinanet_resnet50_fpn", "head.classification_head.cls_logits.weight", 9),
        ("fcos_resnet50_fpn", "head.classification_head.cls_logits.bias", 1),
        ("ssdlite320_mobilenet_v3_large", "head.classification_head.module_list.0.1.weight", 6),
    ],
)
def test_each_row_is_that_of_its_class_where_the_data_have_some_of_cocos(name, key, anchors):
    classes = ("__background__", "dog", "person")
    labels = [CATEGORIES.index(category) for category in classes]
    shape = own(name).state_dict()[key].shape
    weights = {key: torch.arange(shape[0], dtype=torch.float32).reshape(-1, *[1] * (len(shape) - 1)).expand(shape)}
    fitted = of_detectors.fitted(f"torchvision:{name}", own(name, 3), weights, classes)[key]
    assert fitted.shape == own(name, 3).state_dict()[key].shape
    rows = fitted.reshape(len(fitted), -1)[:, 0].tolist()
    if anchors:  # 91 classes of the first anchor, then those of the second
        assert rows == [91 * anchor + label for anchor in range(anchors) for label in labels]
    else:
        sides = shape[0] // 91
        assert rows == [sides * label + side for label in labels for side in range(sides)]


def test_heads_of_other_classes_begin_anew_and_all_else_is_kept(caplog):
    tensors = tensors_of(own("ssdlite320_mobilenet_v3_large"))
    fresh = build(SMALL, 3, 3, 320, 0).state_dict()
    with caplog.at_level(logging.WARNING):
        network = build(SMALL, 3, 3, 320, 0, content(tensors), ("__background__", "bolt", "nut")).state_dict()
    heads = [key for key in fresh if fresh[key].shape != tensors[key].shape]
    assert len(heads) == 12  # weights and biases of the last layer at six resolutions
    assert all(torch.equal(network[key], fresh[key]) for key in heads)
    assert all(torch.equal(network[key], tensors[key]) for key in fresh if key not in heads)
    assert "begin anew: the weights are of 91 other classes" in caplog.text


def test_a_classifiers_weights_are_the_backbones(caplog):
    torch.manual_seed(3)
    classifier = models.resnet18()
    network = small_mask_rcnn()
    fresh = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    name, data = content(classifier.state_dict())
    weights = nearest_in(data, network, name)
    with caplog.at_level(logging.WARNING):
        fitted = of_detectors.fitted("torchvision:maskrcnn_resnet50_fpn", network, weights, 5)
    assert fitted.keys() == fresh.keys()
    expected = {f"backbone.body.{key}": tensor for key, tensor in classifier.state_dict().items()}
    for key, tensor in fitted.items():
        assert torch.equal(tensor, expected.get(key, fresh[key])), key
    assert "the weights are of a classifier" in caplog.text


def test_a_part_of_a_backbone_is_refused():
    state = models.resnet18().state_dict()
    del state["layer4.1.conv2.weight"]
    with pytest.raises(InputError, match="missing"):
        build("torchvision:maskrcnn_resnet50_fpn", 3, 91, 64, 0, content(state))


@pytest.mark.parametrize("name", ["maskrcnn_resnet50_fpn_v2", "fasterrcnn_resnet50_fpn", "retinanet_resnet50_fpn_v2"])
def test_detectors_are_built_by_name_without_a_download(name, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("downloads")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", refuse)
    with torch.device("meta"):
        network = torchvision_network(f"torchvision:{name}", 5)
    assert network.state_dict().keys() == own(name, 5).state_dict().keys()


def test_published_weights_without_an_epsilon_meet_none():
    with torch.device("meta"):
        epsilons = {
            name: {module.eps for module in torchvision_network(f"torchvision:{name}", 5).modules()
                   if isinstance(module, torch.nn.BatchNorm2d)}
            for name in ("maskrcnn_resnet50_fpn", "retinanet_resnet50_fpn", "maskrcnn_resnet50_fpn_v2",
                         "fcos_resnet50_fpn")
        }  # fmt: skip
    assert epsilons["maskrcnn_resnet50_fpn"] == epsilons["retinanet_resnet50_fpn"] == {1e-12}
    assert epsilons["maskrcnn_resnet50_fpn_v2"] == epsilons["fcos_resnet50_fpn"] == {1e-5}


def test_detectors_resize_to_the_size_that_is_asked_for():
    network = build("torchvision:fasterrcnn_resnet50_fpn", 3, 5, 200, seed=0)
    assert network.transform.min_size == (200,) and network.transform.max_size == 333


@pytest.mark.parametrize(
    ("name", "first", "last", "calls"),
    [
        ("maskrcnn-resnet18", "backbone.body.relu", "rpn.head.conv#5", 5),
        ("torchvision:retinanet_resnet50_fpn", "backbone.body.relu", "head.regression_head.conv#5", 10),
        ("torchvision:ssdlite320_mobilenet_v3_large", "backbone.features.0.0", "", 0),
    ],
)
def test_blocks_of_detectors_are_those_of_backbone_pyramid_and_heads(name, first, last, calls):
    network = build(name, 3, 5, 64, seed=0)
    image = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    blocks = block_outputs(network)
    assert blocks[0].startswith(first) and blocks[-1].startswith(last)
    assert sum("#" in block for block in blocks) == calls
    outputs = block_outputs_of(network, blocks, [image], ["pooled"])
    assert len(outputs) == len(blocks) and all(len(output.features["pooled"]) == 2 for output in outputs)
    if calls:
        pyramid = [block for block in blocks if "fpn.layer_blocks" in block]
        assert pyramid and blocks.index(pyramid[0]) < blocks.index(blocks[-1])
