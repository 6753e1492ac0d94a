"""Which squares a transform makes of images of some sizes."""

from __future__ import annotations

import pytest

from bench.data.validation_transform import ValidationTransform
from bench.errors import InputError


@pytest.mark.parametrize(
    ("transform", "widths", "heights", "square", "side"),
    [
        (ValidationTransform(), (32, 32), (32, 32), True, 32),
        (ValidationTransform(256, 224), (20, 5000), (30, 4000), False, 224),
        (ValidationTransform(0, 24), (32, 40), (24, 90), False, 24),
        (ValidationTransform(64), (20, 500), (20, 500), True, 64),
    ],
)
def test_known_sides(transform, widths, heights, square, side):
    assert transform.side(widths, heights, square=square) == side


def test_sizes_are_told_shortly():
    with pytest.raises(
        InputError, match=r"^images of 30×20 to 40 pixels become squares of one size by a recipe's resize"
    ):
        ValidationTransform().side((30, 30), (20, 40), square=False)
    with pytest.raises(InputError, match="become squares"):
        ValidationTransform().side((30, 40), (30, 40), square=True)
