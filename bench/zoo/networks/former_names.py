"""Names that layers of torchvision's detectors had before its version 0.14; its published files still have them."""

from __future__ import annotations

import re

MOST = 8  # layers of a head, more than torchvision builds
RENAMED = (
    (r"(\bfpn\.(?:inner|layer)_blocks\.\d+)\.(weight|bias)$", r"\1.0.\2"),
    (r"(\brpn\.head\.conv)\.(weight|bias)$", r"\1.0.0.\2"),
    *((rf"(\bmask_head)\.mask_fcn{n + 1}\.(weight|bias)$", rf"\1.{n}.0.\2") for n in range(MOST)),
    # activations stood between the convolutions, so that those had even numbers
    *(
        (rf"(\b(?:classification|regression)_head\.conv)\.{2 * n}\.(weight|bias)$", rf"\1.{n}.0.\2")
        for n in range(MOST)
    ),
)


def as_now(name: str) -> str:
    """A tensor's name in today's detectors; other names stay.

    >>> as_now("backbone.fpn.inner_blocks.3.weight"), as_now("roi_heads.mask_head.mask_fcn4.bias")
    ('backbone.fpn.inner_blocks.3.0.weight', 'roi_heads.mask_head.3.0.bias')
    >>> as_now("backbone.fpn.inner_blocks.3.0.weight")
    'backbone.fpn.inner_blocks.3.0.weight'
    """
    for before, now in RENAMED:
        name, changes = re.subn(before, now, name)
        if changes:
            break
    return name
