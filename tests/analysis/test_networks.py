from __future__ import annotations

from bench.analysis.networks import network_titles, title, title_of, titles
from bench.analysis.study import Study


def test_common_architectures_are_spelled_as_in_papers():
    names = {
        "resnet8": "ResNet-8",
        "vgg16_bn": "VGG-16-BN",
        "wrn16_4": "WRN-16-4",
        "mobilenetv2": "MobileNetV2",
        "torchvision:resnet50": "ResNet-50",
        "timm:convnext_atto": "ConvNeXt-atto",
    }
    assert {name: title(name) for name in names} == names


def test_users_names_stay_as_they_are():
    for name in ("resnets.mine:resnet50", "mine:resnet8", "my_network", "net<1>", "50% & more", "", ":", "a:b:resnet8"):
        assert title(name) == name


def test_two_networks_never_share_a_title():
    names = ("resnet18", "timm:resnet18", "torchvision:resnet18", "resnet-18", "resnet20")
    assert titles(names) == {name: name for name in names[:-1]} | {"resnet20": "ResNet-20"}


def test_a_study_calls_its_networks_by_their_titles(study: Study):
    assert network_titles(study) == {"resnet8": "ResNet-8", "mobilenet-small": "MobileNet-small"}
    assert title_of(study, "resnet8") == "ResNet-8"
