"""Networks translated by `torch.compile`, whose import takes seconds: only who compiles waits for it."""

from typing import TYPE_CHECKING

from bench import lazy

if TYPE_CHECKING:
    from bench.training.translation import compiled as compiled

__getattr__ = lazy.submodules(__name__)
