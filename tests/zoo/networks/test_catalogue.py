"""What is known of models without building them."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from torchvision import models

from bench.errors import InputError
from bench.training.recipe import Recipe
from bench.zoo.networks import catalogue
from bench.zoo.networks.activations import block_outputs_of
from bench.zoo.networks.build import build


@pytest.fixture
def own(tmp_path, monkeypatch):
    """An empty folder, as the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_model_that_torchvision_lists_is_one():
    for name in (*models.list_models(models), *models.list_models(models.detection)):
        assert catalogue.version(f"torchvision:{name}") == 1
    assert not catalogue.is_detector("resnet8")


def test_only_torchvisions_models_need_torch():
    code = (
        "import sys; from bench import registry; from bench.zoo.networks import catalogue\n"
        "for name in (*registry.names('bench.zoo'), 'bench.errors:did_you_mean'):\n"
        "    catalogue.recipe(name), catalogue.version(name), catalogue.is_detector(name)\n"
        "sys.exit('torch' in sys.modules or 'torchvision' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_recipes():
    assert catalogue.recipe("resnet8").epochs < catalogue.recipe("resnet20").epochs == 200
    assert not catalogue.recipe("resnet8").flip
    assert catalogue.recipe("torchvision:resnet50") == Recipe()


def test_ones_own_has_the_default_recipe_and_its_files_hash(own):
    source = own / "hashed_networks.py"
    source.write_text("def build(): ...")
    first = catalogue.version("hashed_networks:build")
    assert catalogue.recipe("hashed_networks:build") == Recipe()
    assert catalogue.version("hashed_networks:build") == first
    source.write_text("def build(): return 1")
    assert catalogue.version("hashed_networks:build") != first


def test_ones_own_code_is_not_run(own):
    (own / "explosive_networks.py").write_text("raise SystemExit\ndef build(): ...")
    assert catalogue.version("explosive_networks:build")


def test_functions_may_be_imported_or_assigned(own):
    (own / "indirect_networks.py").write_text("from somewhere import build\nother = build")
    (own / "opaque_networks.py").write_text("from somewhere import *")
    for name in ("indirect_networks:build", "indirect_networks:other", "opaque_networks:whatever"):
        assert catalogue.version(name)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("resnet21", "unknown model 'resnet21': did you mean 'resnet20'"),
        ("resnet21", "; or torchvision:NAME .* or package.module:function"),
        ("torchvision:resnte18", "did you mean 'resnet18'"),
        ("nowhere_to_be_found:build", "no module 'nowhere_to_be_found'"),
        ("bench.errors:did_you_maen", "did you mean 'did_you_mean'"),
        ("broken_networks:build", "line 1 of 'broken_networks' is not Python"),
        ("a b:c", "named package.module:function"),
    ],
)
def test_unknown_models_are_known_before_anything_runs(own, name, sentence):
    (own / "broken_networks.py").write_text("def build(:")
    for ask in (catalogue.recipe, catalogue.version):
        with pytest.raises(InputError, match=sentence):
            ask(name)


@pytest.mark.parametrize("name", catalogue.TO_HALVES)
def test_weights_from_tensorflow_see_what_torchvision_shows_them(name):
    size = 64 if name == "googlenet" else 96
    ours = build(f"torchvision:{name}", 3, 10, size, seed=0)
    theirs = models.get_model(name, num_classes=10, aux_logits=False, init_weights=False)
    theirs.load_state_dict(ours.state_dict())
    theirs.transform_input = True  # as torchvision sets it where it loads published weights
    pixels = torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(0))
    shown = []
    for published in ("resnet18", name):
        mean, std = (torch.tensor(of) for of in catalogue.own_normalisation(f"torchvision:{published}"))
        shown.append((pixels - mean[:, None, None]) / std[:, None, None])
    first = next(layer for layer, module in ours.named_modules() if isinstance(module, torch.nn.Conv2d))
    expected, found, otherwise = (
        block_outputs_of(network, [first], [images], ["flattened"])[0].features["flattened"]
        for network, images in ((theirs.eval(), shown[0]), (ours, shown[1]), (ours, shown[0]))
    )
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert abs(otherwise - expected).max() > 1e-2
