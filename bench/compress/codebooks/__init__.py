"""Engine: weights replaced by codes into a table of words.

Its modules are imported when first used.
"""

from typing import TYPE_CHECKING

from bench import lazy

if TYPE_CHECKING:
    from bench.compress.codebooks import finetuning as finetuning
    from bench.compress.codebooks import product_quantization as product_quantization
    from bench.compress.codebooks import weight_sharing as weight_sharing

__getattr__ = lazy.submodules(__name__)
