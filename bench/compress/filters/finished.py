"""Forward passes over the same images while layers change from first to last: what is finished is computed once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import torch
from torch.utils._pytree import tree_leaves

from bench.compress.filters.coupled import CoupledChannels
from bench.footprint.trace import Trace

ROOM = 2**30  # bytes of outputs to keep at most


class FinishedModules:
    """The outputs of modules that run before any layer that is still to change, in place of running them again.

    Thinning looks at every layer in the network thinned so far: with L layers that is L passes, most of which repeat
    what the pass before computed. A module is finished once all that it computes comes before the first operation with
    a weight of this or a later group. From then on it returns what it returned for the same batch, bit for bit.
    """

    # Only modules whose call is a function of their input can be left out. Those called twice or without a tensor as
    # output are not; nor those that write into their input or return it, since others may hold it too, that leave
    # anything on themselves, or within which somebody's hooks wait to be called. Their parts may be.

    def __init__(self, traced: Trace, groups: Sequence[CoupledChannels]):
        """The groups of channels come in the order in which they will change."""
        often = Counter(call.module for call in traced.calls)
        self._ends = {call.module: call.end for call in traced.calls if call.module and often[call.module] == 1}
        first: dict[str, int] = {}
        for number, operation in enumerate(traced.operations):
            for name in operation.parameters:
                first.setdefault(name, number)
        self._groups = [group.writers for group in groups]
        # a weight that no operation uses under its name is used in a way that nobody knows: nothing is finished then
        starts = [min(first.get(name, 0) for name in _weights(group)) for group in groups]
        self._starts = [min(starts[number:]) for number in range(len(starts))]
        self._outputs: dict[str, list[torch.Tensor]] = {}
        self._never: set[str] = set()
        self._batch = -1

    @contextmanager
    def kept(self, network: torch.nn.Module, group: CoupledChannels) -> Iterator[Callable[[], None]]:
        """Within it, finished modules of `network` return what is kept, or keep what they return.

        Yields:
            What to call before each batch; every pass must see the same batches.
        """
        start = self._starts[self._groups.index(group.writers)]
        finished = {name for name, end in self._ends.items() if end <= start} - self._never
        largest = [name for name in finished if not any(parent in finished for parent in _parents(name))]
        self._batch = -1
        with ExitStack() as stack:
            for name in finished & self._outputs.keys():
                stack.enter_context(_forward(network, name, partial(self._again, name)))
            for name in largest:
                module = network.get_submodule(name)
                if name not in self._outputs:
                    stack.enter_context(_forward(network, name, partial(self._first, name, module, module.forward)))
            yield self._next_batch
        for name in largest:
            self._settle(name)

    def _next_batch(self) -> None:
        self._batch += 1

    def _settle(self, name: str) -> None:
        """Forget outputs of a module that are not there for every batch, else those of its parts."""
        if len(self._outputs.get(name, [])) != self._batch + 1 or name in self._never:
            self._outputs.pop(name, None)
            self._never.add(name)
        for part in [part for part in self._outputs if name in _parents(part) and name in self._outputs]:
            del self._outputs[part]

    def _again(self, name: str, *_: Any, **__: Any) -> torch.Tensor:
        return self._outputs[name][self._batch].clone()  # whoever reads it may write into it

    def _first(self, name: str, module: torch.nn.Module, forward: Any, *args: Any, **kwargs: Any) -> Any:
        inputs = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
        versions, state = list(map(_version, inputs)), _state(module)
        output = forward(*args, **kwargs)
        pure = versions == list(map(_version, inputs)) and _same(state, _state(module))
        if pure and _separate(output, inputs) and not _hooked(module) and self._has_room(name, output):
            self._outputs.setdefault(name, []).append(output.clone())
        else:
            self._never.add(name)
        return output

    def _has_room(self, name: str, output: torch.Tensor) -> bool:
        others = [kept for other, kept in self._outputs.items() if name not in _parents(other)]
        return sum(tensor.nbytes for kept in others for tensor in kept) + output.nbytes <= ROOM


def _weights(group: CoupledChannels) -> tuple[str, ...]:
    # a count of batches, which no operation reads, is no weight
    return tuple(name for name in group.names if not name.endswith("num_batches_tracked"))


def _parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]


@contextmanager
def _forward(network: torch.nn.Module, name: str, forward: Callable[..., Any]) -> Iterator[None]:
    """Give a module another `forward`; hooks of its own are called around it as ever."""
    attributes = vars(network.get_submodule(name))
    before = attributes.get("forward")
    attributes["forward"] = forward
    try:
        yield
    finally:
        del attributes["forward"]
        if before is not None:
            attributes["forward"] = before


def _state(module: torch.nn.Module) -> list[tuple[Any, Any]]:
    """All that a module and its parts hold, with how often tensors were written into."""
    values = [value for part in module.modules() for value in vars(part).values()]
    values += module.buffers()
    return [(value, _version(value) if isinstance(value, torch.Tensor) else 0) for value in values]


def _version(tensor: torch.Tensor) -> Any:
    """How often it was written into; something else each time where PyTorch doesn't count."""
    return object() if tensor.is_inference() else tensor._version


def _same(before: Sequence[tuple[Any, Any]], after: Sequence[tuple[Any, Any]]) -> bool:
    return len(before) == len(after) and all(
        first is second and version == now for (first, version), (second, now) in zip(before, after, strict=True)
    )


def _separate(output: Any, inputs: Sequence[torch.Tensor]) -> bool:
    """Whether it is a tensor with memory of its own, which a copy is laid out like."""
    if type(output) is not torch.Tensor or output.stride() != torch.empty_like(output).stride():
        return False
    memory = output.untyped_storage().data_ptr()
    return all(memory != tensor.untyped_storage().data_ptr() for tensor in inputs)


def _hooked(module: torch.nn.Module) -> bool:
    parts = [part for part in module.modules() if part is not module]
    return any(part._forward_hooks or part._forward_pre_hooks for part in parts)
