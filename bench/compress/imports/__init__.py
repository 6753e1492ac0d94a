"""Networks that were compressed elsewhere: what their files hold, and the smallest exact way to store it.

Its modules are imported when first used.
"""

from typing import TYPE_CHECKING

from bench import lazy

if TYPE_CHECKING:
    from bench.compress.imports import networks as networks

__getattr__ = lazy.submodules(__name__)
