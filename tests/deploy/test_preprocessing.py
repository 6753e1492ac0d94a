"""What is said of the images that a network takes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bench.deploy.preprocessing import Preprocessing
from bench.errors import InputError


@pytest.mark.parametrize(
    ("transform", "sentence"),
    [
        ({}, ""),
        ({"resize": 0, "center_crop": 0, "interpolation": "bilinear"}, ""),
        ({"center_crop": 24}, "square of 24 cut from the centre"),
        ({"resize": 24, "interpolation": "bicubic"}, "shorter side resized to 24, bicubic with antialiasing"),
        (
            {"resize": 256, "center_crop": 224, "interpolation": "bilinear"},
            "shorter side resized to 256, bilinear with antialiasing, square of 224 cut from the centre",
        ),
    ],
)
def test_resizing_and_cropping_are_said_where_there_are_any(transform, sentence):
    made = Preprocessing(24, 1, **transform).normalising_by([0.5], [0.25])
    assert made.sentence() == sentence
    fields = made.as_dict()
    assert [fields.pop(name) for name in ("size", "channels", "mean", "std")] == [24, 1, [0.5], [0.25]]
    assert fields == (transform if sentence else {})


@pytest.mark.parametrize(
    "given", ["0.5", 0.5, [0.5] * 2, ["0.5"], [None], [float("nan")], [1j], {0.5}, np.array(0.5), b"a"]
)
@pytest.mark.parametrize("name", ["mean", "std"])
def test_a_normalisation_is_one_number_per_channel(given, name):
    with pytest.raises(InputError, match=f"{name} needs one number per channel, 1 in all, given"):
        Preprocessing(24, 1).normalising_by(**{"mean": [0.5], "std": [0.25], name: given})


@pytest.mark.parametrize("given", [(0.25,), np.array([0.25]), torch.tensor([0.25]), iter([0.25])])
def test_a_normalisation_may_come_as_any_sequence(given):
    assert Preprocessing(24, 1).normalising_by([0.5], given).std == (0.25,)
