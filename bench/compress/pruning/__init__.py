"""Engine: weights set to zero and kept there.

Its modules are imported when first used.
"""

from typing import TYPE_CHECKING

from bench import lazy

if TYPE_CHECKING:
    from bench.compress.pruning import allocation as allocation
    from bench.compress.pruning import alternating as alternating
    from bench.compress.pruning import class_images as class_images
    from bench.compress.pruning import masking as masking
    from bench.compress.pruning import moving as moving
    from bench.compress.pruning import nncf_sparsity as nncf_sparsity
    from bench.compress.pruning import scores as scores
    from bench.compress.pruning import soft_threshold as soft_threshold
    from bench.compress.pruning import splicing as splicing
    from bench.compress.pruning import synaptic_flow as synaptic_flow

__getattr__ = lazy.submodules(__name__)
