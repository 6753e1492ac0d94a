"""Engine: weights and feature maps of one bit.

Its modules are imported when first used.
"""

from typing import TYPE_CHECKING

from bench import lazy

if TYPE_CHECKING:
    from bench.compress.binary import binarization as binarization
    from bench.compress.binary import signs as signs

__getattr__ = lazy.submodules(__name__)
