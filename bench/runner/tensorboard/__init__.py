"""Event files for TensorBoard, an extra whose import takes seconds: only who asks for them waits for it."""

from typing import TYPE_CHECKING

from bench import lazy

if TYPE_CHECKING:
    from bench.runner.tensorboard import writer as writer

__getattr__ = lazy.submodules(__name__)
