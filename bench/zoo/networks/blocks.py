"""The outputs of a network's blocks, at which networks are compared and looked into.

Quantised networks hold fake-quantised values after activations and residual additions, but not after a bare
convolution or batch norm, so the latter count as blocks only in networks that have no others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from torch import fx, nn

from bench.errors import InputError, did_you_mean

ACTIVATIONS = (
    nn.CELU, nn.ELU, nn.GELU, nn.Hardsigmoid, nn.Hardswish, nn.Hardtanh, nn.LeakyReLU, nn.Mish, nn.PReLU, nn.ReLU,
    nn.ReLU6, nn.RReLU, nn.SELU, nn.SiLU, nn.Sigmoid, nn.Softplus, nn.Softsign, nn.Tanh,
)  # fmt: skip

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)


def block_outputs(network: nn.Module) -> tuple[str, ...]:
    """Names of the modules whose outputs are block outputs, in the order of the forward pass.

    A block is a module with parts and a forward pass of its own (a residual block, an inception module), or an
    activation between such modules; plain containers are opened. Convolutions, norms, pooling, dropout and classifiers
    are not blocks. If a forward pass applies functions between plain layers, so that no block is called, the
    convolutions are the blocks. A network may name its blocks itself in an attribute `block_names`.

    Raises:
        InputError: `block_names` names no module, or the network has no block that its forward pass calls once.
    """
    kind = type(network).__name__
    named = getattr(network, "block_names", None)
    if named is not None:
        _check_names(tuple(named), network)
        return tuple(named)
    convolutions = (name for name, module in network.named_modules() if isinstance(module, CONVOLUTIONS))
    candidates = tuple(_candidates(network, "", _classifier(network)))
    blocks = _called_once(network, candidates) or _called_once(network, tuple(convolutions))
    if not blocks:
        raise InputError(f"{kind} has no blocks to compare: name modules in an attribute `block_names` of the network")
    return blocks


def _candidates(module: nn.Module, prefix: str, classifier: nn.Module | None) -> Iterator[str]:
    for name, child in module.named_children():
        if _is_plain_container(child):
            yield from _candidates(child, f"{prefix}{name}.", classifier)
        elif isinstance(child, ACTIVATIONS) or (_computes(child) and not _holds(child, classifier)):
            yield prefix + name


def _holds(module: nn.Module, part: nn.Module | None) -> bool:
    return any(other is part for other in module.modules())


def _classifier(network: nn.Module) -> nn.Module | None:
    """The layer that a network of timm names as its classifier, around which timm puts pooling and dropout."""
    settings = getattr(network, "pretrained_cfg", None)
    named = settings.get("classifier") if isinstance(settings, dict) else None
    name = named if isinstance(named, str) else (*(named or ()), "")[0]  # distilled networks have two
    return dict(network.named_modules()).get(name) if name else None


def _is_plain_container(module: nn.Module) -> bool:
    """A list or dictionary of modules, or a sequence that does nothing but call one after another."""
    return type(module).forward in (nn.Sequential.forward, nn.Module.forward)


def _computes(module: nn.Module) -> bool:
    """Whether a module with parts learns or rectifies anything: pooling with parts does neither."""
    parts = list(module.modules())[1:]
    return any(isinstance(part, ACTIVATIONS) or next(part.parameters(False), None) is not None for part in parts)


def _called_once(network: nn.Module, candidates: tuple[str, ...]) -> tuple[str, ...]:
    """The candidates that one forward pass in eval mode calls exactly once, in order.

    A network that cannot be traced symbolically keeps the order in which its modules were registered.
    """
    # A module that is called twice has two outputs, and a hook would keep the last without a word; one that is never
    # called has none. The symbolic trace lists calls in the order of the forward pass, without running any arithmetic.
    tracer = _BlockTracer({network.get_submodule(name) for name in candidates})
    training = network.training
    try:
        nodes = tracer.trace(network.eval()).nodes
    except Exception:  # tracing runs the network's own code on placeholders: it may fail in any way
        return candidates
    finally:
        network.train(training)
    called = [str(node.target) for node in nodes if node.op == "call_module" and node.target in candidates]
    times = Counter(called)
    return tuple(name for name in called if times[name] == 1)


class _BlockTracer(fx.Tracer):
    """Trace the calls of blocks without looking into them."""

    def __init__(self, blocks: set[nn.Module]):
        super().__init__()
        self.blocks = blocks

    def is_leaf_module(self, module: nn.Module, module_qualified_name: str) -> bool:
        return module in self.blocks or super().is_leaf_module(module, module_qualified_name)


def _check_names(names: tuple[str, ...], network: nn.Module) -> None:
    modules = dict(network.named_modules())
    for name in names:
        if name not in modules or not name:
            hint = did_you_mean(name, (module for module in modules if module))
            raise InputError(f"block_names of {type(network).__name__}: there is no module {name!r}, {hint}")
