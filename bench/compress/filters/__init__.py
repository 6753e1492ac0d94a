"""Engine: whole channels removed, with everything that is coupled to them.

Its modules are imported when first used.
"""

from typing import TYPE_CHECKING

from bench import lazy

if TYPE_CHECKING:
    from bench.compress.filters import finished as finished
    from bench.compress.filters import importance as importance
    from bench.compress.filters import members as members
    from bench.compress.filters import next_layer as next_layer
    from bench.compress.filters import regularisers as regularisers
    from bench.compress.filters import rounds as rounds
    from bench.compress.filters import selection as selection
    from bench.compress.filters import thinning as thinning
    from bench.compress.filters import turns as turns
    from bench.compress.filters import widths as widths

__getattr__ = lazy.submodules(__name__)
