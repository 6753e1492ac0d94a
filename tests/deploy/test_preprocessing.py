"""What is said of the images that a network takes."""

from __future__ import annotations

import pytest

from bench.deploy.preprocessing import Preprocessing


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
