"""timm's networks by name."""

from __future__ import annotations

import importlib

import pytest
import torch

from bench.errors import InputError
from bench.zoo.networks import catalogue, of_timm
from bench.zoo.networks.blocks import block_outputs
from bench.zoo.networks.build import build

timm = pytest.importorskip("timm")


def weights(name: str, folder, **options) -> tuple[str, bytes]:
    torch.manual_seed(1)
    torch.save({"model": timm.create_model(name, **options).state_dict()}, folder / "w.pt")
    return "w.pt", (folder / "w.pt").read_bytes()


def test_the_classifier_and_the_channels_are_those_of_the_data():
    network = build("timm:ghostnet_050", 1, 7, 32, seed=0)
    assert network(torch.zeros(2, 1, 32, 32)).shape == (2, 7)
    same, other = (build("timm:ghostnet_050", 1, 7, 32, seed=seed) for seed in (0, 1))
    assert torch.equal(same.conv_stem.weight, network.conv_stem.weight)
    assert not torch.equal(other.conv_stem.weight, network.conv_stem.weight)


def test_networks_of_one_size_are_built_for_the_images():
    assert build("timm:vit_tiny_patch16_224", 3, 10, 32, seed=0).pos_embed.shape[1] == 5


def test_what_is_offered():
    offered = of_timm.offered("timm:convnext_atto")
    assert (offered.channels, offered.size, offered.classes) == (3, 224, 1000)
    assert catalogue.own_normalisation("timm:convnext_atto") == of_timm.IMAGENET
    assert of_timm.offered("timm:vit_tiny_patch16_224").mean == (0.5, 0.5, 0.5)
    assert catalogue.usual("timm:inception_v3") == (1000, 299)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("timm:convnext_ato", "did you mean 'timm:convnext_atto'"),
        ("timm:convnext_atto.d2_in2k", "did you mean timm:convnext_atto.d2_in1k"),
        ("timm:", "timm has no ''"),
    ],
)
def test_unknown_names_get_the_nearest(name, sentence):
    with pytest.raises(InputError, match=sentence) as caught:
        catalogue.version(name)
    assert len(caught.value.problems[0]) < 300


def test_without_timm_a_sentence_says_what_to_install(monkeypatch):
    def missing(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(InputError, match="needs timm, which is not installed: pip install"):
        catalogue.version("timm:convnext_atto")


def test_weights_give_the_networks_own_logits(tmp_path):
    given = weights("resnet10t", tmp_path)
    network = build("timm:resnet10t", 3, 1000, 64, 0, given)
    torch.manual_seed(1)
    assert torch.equal(
        network(torch.ones(1, 3, 64, 64)), timm.create_model("resnet10t").eval()(torch.ones(1, 3, 64, 64))
    )


def test_a_classifier_of_another_width_begins_anew(tmp_path):
    given = weights("resnet10t", tmp_path, num_classes=20)
    network = build("timm:resnet10t", 1, 7, 32, 0, given)
    whole = build("timm:resnet10t", 3, 20, 32, 0, given)
    assert torch.equal(network.layer4[0].conv1.weight, whole.layer4[0].conv1.weight)
    assert network.fc.out_features == 7


def test_position_tables_fit_other_images(tmp_path):
    given = weights("vit_tiny_patch16_224", tmp_path)
    assert build("timm:vit_tiny_patch16_224", 3, 5, 64, 0, given).pos_embed.shape[1] == 17


def test_weights_that_do_not_fit_are_one_sentence(tmp_path):
    for given in (weights("resnet14t", tmp_path), weights("resnet10t", tmp_path, stem_width=16)):
        with pytest.raises(InputError, match=r"weights 'w\.pt' do not fit timm:resnet10t: ") as caught:
            build("timm:resnet10t", 3, 7, 32, 0, given)
        assert "\n" not in caught.value.problems[0]


def test_weights_that_cannot_be_downloaded_are_one_sentence(tmp_path, monkeypatch):
    def offline(*_, **__):
        raise OSError("no network\nand more")

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(timm, "create_model", offline)
    with pytest.raises(InputError, match=r"cannot download the weights of timm:resnet10t \(no network\): give a file"):
        of_timm.downloaded("timm:resnet10t")


def test_downloaded_weights_are_kept(tmp_path, monkeypatch):
    create = timm.create_model
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(timm, "create_model", lambda name, pretrained=False, **options: create(name, **options))
    path = of_timm.downloaded("timm:ghostnet_050")
    assert path == of_timm.downloaded("timm:ghostnet_050")
    build("timm:ghostnet_050", 3, 10, 32, 0, (path.name, path.read_bytes()))


@pytest.mark.parametrize(
    ("name", "count"), [("convnext_atto", 4), ("resnet10t", 7), ("regnetx_002", 5), ("repvgg_a0", 22)]
)
def test_blocks_are_stages_without_pooling_and_classifier(name, count):
    blocks = block_outputs(build(f"timm:{name}", 3, 10, 64, seed=0))
    assert len(blocks) == count
    assert not {"head", "global_pool", "fc"} & set(blocks)
