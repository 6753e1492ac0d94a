"""The smallest images that an architecture takes."""

from __future__ import annotations

from bench.errors import InputError


def require_size(model: str, size: int, smallest: int) -> None:
    """Refuse images that the network's strides would shrink to nothing.

    Raises:
        InputError: `size` is below `smallest`, both in pixels.
    """
    if size < smallest:
        raise InputError(f"model {model!r} needs images of at least {smallest}×{smallest} pixels, given {size}×{size}")
