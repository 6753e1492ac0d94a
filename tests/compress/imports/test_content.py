"""Files are read without running anything of theirs, and what cannot be read so is refused in a sentence."""

import os
import pickle
import sys
import types
from collections import OrderedDict, namedtuple

import numpy as np
import pytest
import safetensors.torch
import torch

from bench.compress.imports.content import read
from bench.errors import InputError
from tests.compress.imports.conftest import saved

TENSORS = {"weight": torch.ones(2)}


class Harmful:
    def __reduce__(self):
        return os.mkdir, ("harmed",)


@pytest.fixture
def of_distiller(monkeypatch):
    """Classes that were there when a file was written and are not when it is read."""
    module = types.ModuleType("distiller")
    recipe = namedtuple("ThinningRecipe", ["modules", "parameters"])
    recipe.__module__, module.ThinningRecipe = "distiller", recipe
    monkeypatch.setitem(sys.modules, "distiller", module)
    return module


def test_tensors_come_back_from_both_formats():
    for data in (saved(OrderedDict(TENSORS)), safetensors.torch.save(TENSORS)):
        assert torch.equal(read(data, "a")["weight"], TENSORS["weight"])


def test_what_training_notes_beside_the_weights_does_nothing(of_distiller, monkeypatch):
    content = {"state_dict": TENSORS, "type": torch.optim.SGD, "best": np.float64(3)}
    data = saved({**content, "thinning_recipes": [of_distiller.ThinningRecipe({}, {})]})
    monkeypatch.delitem(sys.modules, "distiller")
    held = read(data, "a")
    assert torch.equal(held["state_dict"]["weight"], TENSORS["weight"])
    assert len(held["thinning_recipes"]) == 1


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (lambda: saved({"weights": TENSORS, "more": Harmful()}), r"an object of (posix|nt|os)\.mkdir"),
        (lambda: saved(torch.nn.Linear(2, 2)), r"an object of torch\.nn\.modules\.linear\.Linear"),
        (lambda: pickle.dumps(Harmful()), "truncated, or neither"),
        (lambda: saved(TENSORS)[:-40], "truncated, or neither"),
        (lambda: b"", "truncated, or neither"),
        (lambda: b"weights", "truncated, or neither"),
    ],
)
def test_code_and_broken_files_are_refused(data, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=words):
        read(data(), "a.pt")
    assert not list(tmp_path.iterdir())
