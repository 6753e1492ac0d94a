"""Layers that run several times in a forward pass, as those do that read every level of a feature pyramid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from bench.footprint.trace import Trace


def enclosing(traced: Trace, layers: Iterable[str]) -> dict[str, str]:
    """By name of each layer that runs several times, the innermost module that runs once and within it all its calls.

    Args:
        traced: a forward pass; "" is the network, which encloses all.
        layers: names.
    """
    runs = Counter(call.module for call in traced.calls)
    modules = {}
    for layer in layers:
        if runs[layer] > 1:
            own = [call for call in traced.calls if call.module == layer]
            begin, end = own[0].begin, own[-1].end
            # calls are in the order in which they end: the innermost come first
            modules[layer] = next(
                call.module
                for call in traced.calls
                if runs[call.module] == 1 and call.begin <= begin and end <= call.end
            )
    return modules


def feeds_itself(traced: Trace, layer: str) -> bool:
    """Whether a call of a layer reads something that depends on what an earlier call of it put out."""
    own = [call for call in traced.calls if call.module == layer]
    reached: set[int] = set()
    position = 0
    for call in own:
        for operation in traced.operations[position : call.begin]:
            if reached & {value.buffer for value in operation.inputs}:
                reached |= {value.buffer for value in operation.outputs}
        if call.input is not None and call.input.buffer in reached:
            return True
        if call.output is not None:
            reached.add(call.output.buffer)
        position = call.end
    return False
