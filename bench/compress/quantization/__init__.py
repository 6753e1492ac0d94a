"""Engine: weights and feature maps rounded to few bits.

Its modules are imported when first used.
"""

from typing import TYPE_CHECKING

from bench import lazy

if TYPE_CHECKING:
    from bench.compress.quantization import floats as floats
    from bench.compress.quantization import inputs as inputs
    from bench.compress.quantization import integers as integers
    from bench.compress.quantization import learned as learned
    from bench.compress.quantization import nncf_models as nncf_models
    from bench.compress.quantization import odd_grid as odd_grid
    from bench.compress.quantization import training as training

__getattr__ = lazy.submodules(__name__)
