"""Engine: post-training quantisation that reconstructs each layer's outputs on a few hundred unlabelled images.

Its modules are imported when first used.
"""

from typing import TYPE_CHECKING

from bench import lazy

if TYPE_CHECKING:
    from bench.compress.reconstruction import adaptive_rounding as adaptive_rounding
    from bench.compress.reconstruction import block_rounding as block_rounding
    from bench.compress.reconstruction import column_updates as column_updates
    from bench.compress.reconstruction import equalization as equalization
    from bench.compress.reconstruction import forward_pass as forward_pass
    from bench.compress.reconstruction import mixed_bits as mixed_bits
    from bench.compress.reconstruction import optimal_brain as optimal_brain
    from bench.compress.reconstruction import surgeon as surgeon

__getattr__ = lazy.submodules(__name__)
