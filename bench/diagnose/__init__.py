"""Looking inside a network: its predictions, its explanations, its units.

`diagnostic.py` is the contract of a diagnostic, `diagnostics/` has one file per diagnostic. What they compute with
imports torch, so it is imported when first used: settings are checked and listed without it.
"""

from typing import TYPE_CHECKING

from bench import lazy

if TYPE_CHECKING:
    from bench.diagnose import networks as networks

__getattr__ = lazy.submodules(__name__)
