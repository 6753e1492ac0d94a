"""How a network's answers suffer if one tensor or one group of channels alone is compressed, nothing being trained.

Modules that import torch are imported when first used.
"""

from typing import TYPE_CHECKING

from bench import lazy

if TYPE_CHECKING:
    from bench.diagnose.sensitivity import curves as curves
    from bench.diagnose.sensitivity import judge as judge
    from bench.diagnose.sensitivity import targets as targets

__getattr__ = lazy.submodules(__name__)
