"""Engine: batch normalisation after weights have changed.

Its modules are imported when first used.
"""

from typing import TYPE_CHECKING

from bench import lazy

if TYPE_CHECKING:
    from bench.compress.normalization import running_statistics as running_statistics

__getattr__ = lazy.submodules(__name__)
