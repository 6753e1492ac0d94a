"""What is known of models without building them."""

from __future__ import annotations

import subprocess
import sys

import pytest
from torchvision import models

from bench.errors import InputError
from bench.training.recipe import Recipe
from bench.zoo.networks import catalogue


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
