"""What sparse training and penalties do with the gradients of weights, before the optimizer sees them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import torch

Hook = Callable[[str, torch.Tensor, torch.Tensor], None]  # name of a parameter, the parameter, its gradient


@contextmanager
def after_gradients(network: torch.nn.Module, names: Iterable[str], hook: Hook) -> Iterator[None]:
    """Within it, a hook is called for each of these parameters once its gradient is complete.

    Args:
        names: those that do not require gradients are left out, since nothing trains them.
        hook: it may change the gradient in place, and the parameter without autograd.
    """

    def of(name: str) -> Callable[[torch.Tensor], None]:
        def call(parameter: torch.Tensor) -> None:
            assert parameter.grad is not None
            hook(name, parameter, parameter.grad)

        return call

    trained = [name for name in names if network.get_parameter(name).requires_grad]
    handles = [network.get_parameter(name).register_post_accumulate_grad_hook(of(name)) for name in trained]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
