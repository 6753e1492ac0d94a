"""Engine: weights set to zero and kept there.

Its modules are imported when first used.
"""

from typing import TYPE_CHECKING

from bench import lazy

if TYPE_CHECKING:
    from bench.compress.pruning import masking as masking
    from bench.compress.pruning import nncf_sparsity as nncf_sparsity

__getattr__ = lazy.submodules(__name__)
