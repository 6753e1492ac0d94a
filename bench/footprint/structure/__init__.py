"""Steps that turn a fresh network into one with a compressed network's modules, one kind per file.

A file offers `apply(network, **parameters) -> torch.nn.Module`, whose parameters are JSON. It replaces or resizes
modules and leaves their new weights for the packed file to fill; it may change the network in place. Parameters come
from a file that anybody may have written: if they do not fit, `ValueError` is raised. No step makes a network more than
`GROWTH` times larger, and a step names only modules that were there before it.

A step that inserts simulation (fake-quantisation) says `SIMULATES = True`: its network has another graph than a
deployed one, so graphs are traced without it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from bench import registry

if TYPE_CHECKING:
    import torch

    from bench.footprint.compressed import Step

PACKAGE = "bench.footprint.structure"
MOST_STEPS = 64  # of a chain there are a few
GROWTH = 4  # two factors of full rank, each with a bias, hold at most twice the numbers of a layer
SMALL = 1_000_000  # numbers, which no network is refused for


def rebuild(network: torch.nn.Module, steps: Iterable[Step]) -> torch.nn.Module:
    """`network` after `steps`; it is used up.

    Raises:
        ValueError: a step does not fit it, or there are too many.
    """
    steps = list(steps)
    if len(steps) > MOST_STEPS:
        raise ValueError(f"it has {len(steps)} structural steps, at most {MOST_STEPS} are read")
    most = GROWTH * _numbers(network) + SMALL
    for step in steps:
        network = _apply(network, step)
        if _numbers(network) > most:
            raise ValueError(f"the step {step['kind']!r} makes a network of more than {GROWTH} times the size")
    return network


def simulates(step: Step) -> bool:
    """Whether a step only simulates compression."""
    return bool(getattr(_module(step), "SIMULATES", False))


def _apply(network: torch.nn.Module, step: Step) -> torch.nn.Module:
    module = _module(step)
    parameters: dict[str, Any] = {name: value for name, value in step.items() if name != "kind"}
    try:
        return module.apply(network, **parameters)
    except Exception as error:  # any error here means bad parameters
        problem = str(error).partition("\n")[0]
        raise ValueError(f"the step {step['kind']!r} does not fit the network: {problem}") from error


def _numbers(network: torch.nn.Module) -> int:
    return sum(tensor.numel() for tensor in network.state_dict().values())


def _module(step: Step) -> Any:
    kind = step.get("kind")
    if not isinstance(kind, str) or kind not in registry.names(PACKAGE):
        raise ValueError(f"there is no step {kind!r}")
    return registry.load(PACKAGE, kind, "structural step")
