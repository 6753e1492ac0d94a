"""Mask R-CNN (He et al., 2017) of torchvision's modules, small enough for CPUs."""

from __future__ import annotations

from torch import nn
from torchvision import models
from torchvision.models.detection import MaskRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.models.detection.faster_rcnn import TwoMLPHead
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.ops import MultiScaleRoIAlign

STAGES = {"layer1": "0", "layer2": "1", "layer3": "2", "layer4": "3"}
LARGEST = 1333 / 800  # longer over shorter side, beyond which images are shrunk further, as on COCO
ANCHORS = (32, 64, 128, 256, 512)  # sides of anchors at the five resolutions, for shorter sides of 800 pixels
ASPECTS = (0.5, 1.0, 2.0)
COLOUR = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
GRAY = (0.449,), (0.226,)  # their means


def resnet18_fpn(channels: int, classes: int, size: int, width: int, box_width: int) -> nn.Module:
    """A ResNet-18 with a feature pyramid, a region proposal network, and heads for boxes and masks.

    Images are lists of (channels, H, W) float32 on the 0..1 scale; the network normalises and resizes them itself, and
    gives boxes and masks at the images' own sizes.

    Args:
        classes: with the background, label 0.
        size: to which the shorter side of images is resized, pixels.
        width: channels of the pyramid and of the mask head.
        box_width: of the two linear layers of the box head.
    """
    body = models.resnet18()
    if channels != 3:
        body.conv1 = nn.Conv2d(channels, 64, 7, stride=2, padding=3, bias=False)
        nn.init.kaiming_normal_(body.conv1.weight, mode="fan_out", nonlinearity="relu")
    mean, std = COLOUR if channels == 3 else GRAY
    return MaskRCNN(
        BackboneWithFPN(body, STAGES, [64, 128, 256, 512], width),
        min_size=size,
        max_size=round(LARGEST * size),
        image_mean=mean,
        image_std=std,
        # Anchors shrink with the images, so that they fit as many objects.
        rpn_anchor_generator=AnchorGenerator(
            tuple((side * size / 800,) for side in ANCHORS), (ASPECTS,) * len(ANCHORS)
        ),
        box_head=TwoMLPHead(width * 7 * 7, box_width),
        box_predictor=models.detection.faster_rcnn.FastRCNNPredictor(box_width, classes),
        mask_roi_pool=MultiScaleRoIAlign(["0", "1", "2", "3"], 14, 2),
        mask_head=MaskRCNNHeads(width, (width,) * 4, 1),
        mask_predictor=MaskRCNNPredictor(width, width, classes),
        rpn_pre_nms_top_n_train=500,
        rpn_pre_nms_top_n_test=250,
        rpn_post_nms_top_n_train=250,
        rpn_post_nms_top_n_test=250,
        box_batch_size_per_image=128,
    )
