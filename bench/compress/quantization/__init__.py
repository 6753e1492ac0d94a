"""Engine: weights and feature maps rounded to few bits.

Its modules are imported when first used.
"""

from typing import TYPE_CHECKING

from bench import lazy

if TYPE_CHECKING:
    from bench.compress.quantization import floats as floats
    from bench.compress.quantization import integers as integers
    from bench.compress.quantization import nncf_models as nncf_models

__getattr__ = lazy.submodules(__name__)
