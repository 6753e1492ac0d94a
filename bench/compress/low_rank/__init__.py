"""Engine: a layer replaced by two of lower rank.

Its modules are imported when first used.
"""

from typing import TYPE_CHECKING

from bench import lazy

if TYPE_CHECKING:
    from bench.compress.low_rank import factors as factors
    from bench.compress.low_rank import output_hessian as output_hessian
    from bench.compress.low_rank import rounds as rounds

__getattr__ = lazy.submodules(__name__)
