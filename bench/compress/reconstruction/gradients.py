"""Gradients, or a sentence about why there are none."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from bench.compress.method import NotApplicable, first_line
from bench.errors import limit


def differentiated(
    loss: torch.Tensor, inputs: Sequence[torch.Tensor], title: str, *, create_graph: bool = False
) -> tuple[torch.Tensor | None, ...]:
    """The gradient of a loss with respect to each tensor; None where it does not depend on it.

    Args:
        title: of what the tensors are, for the sentence.
        create_graph: see `torch.autograd.grad`.

    Raises:
        NotApplicable: autograd knows none, for the loss is detached or values that it needs were overwritten.
    """
    if not loss.requires_grad:
        raise NotApplicable(f"the loss has no gradient with respect to {title}")
    try:
        return torch.autograd.grad(loss, inputs, create_graph=create_graph, allow_unused=True)
    except (NotImplementedError, RuntimeError) as error:
        if limit(error) is not None:
            raise
        raise NotApplicable(f"the gradient with respect to {title} cannot be computed: {first_line(error)}") from error
