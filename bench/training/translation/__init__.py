"""Networks translated by `torch.compile`, whose import takes seconds: only who compiles waits for it."""

from __future__ import annotations

from bench import lazy

__getattr__ = lazy.submodules(__name__)
