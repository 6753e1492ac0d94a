"""The outputs of a network's blocks, at which networks are compared and looked into.

Quantised networks hold fake-quantised values after activations and residual additions, but not after a bare
convolution or batch norm, so the latter count as blocks only in networks that have no others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import fx, nn

from bench.errors import InputError
from bench.zoo.networks.calls import Calls, NoOutput, checked, of_images, tensor_of

ACTIVATIONS = (
    nn.CELU, nn.ELU, nn.GELU, nn.Hardsigmoid, nn.Hardswish, nn.Hardtanh, nn.LeakyReLU, nn.Mish, nn.PReLU, nn.ReLU,
    nn.ReLU6, nn.RReLU, nn.SELU, nn.SiLU, nn.Sigmoid, nn.Softplus, nn.Softsign, nn.Tanh,
)  # fmt: skip

HEADS = ("rpn.head.conv", "head.classification_head.conv", "head.regression_head.conv")  # of torchvision's detectors

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)


def block_outputs(network: nn.Module, example: torch.Tensor | None = None) -> tuple[str, ...]:
    """Names of the modules whose outputs are block outputs, in the order of the forward pass.

    A block is a module with parts and a forward pass of its own (a residual block, an inception module), or an
    activation between such modules; plain containers are opened. Convolutions, norms, pooling, dropout and classifiers
    are not blocks. If a forward pass applies functions between plain layers, so that no block is called, the
    convolutions are the blocks. A network may name its blocks itself in an attribute `block_names`; there
    `relu#2` is the second call of `relu`.

    Args:
        example: (b, C, H, W), on the network's device. With it, modules that are not called once, or put out anything
            but a tensor with one row per image, are no blocks even where the network cannot be traced.

    Raises:
        InputError: `block_names` names no module, or the network has no block that its forward pass calls once.
    """
    kind = type(network).__name__
    named = getattr(network, "block_names", None)
    if named is not None:
        return _named(network, named)
    convolutions = (name for name, module in network.named_modules() if isinstance(module, CONVOLUTIONS))
    candidates = tuple(_candidates(network, "", _classifier(network)))
    blocks = _usable(network, candidates, example) or _usable(network, tuple(convolutions), example)
    if not blocks:
        raise InputError(f"{kind} has no blocks to compare: name modules in an attribute `block_names` of the network")
    return blocks


def blocks_of_detector(network: nn.Module) -> list[str]:
    """The blocks of a detector of torchvision's parts: of its backbone, its feature pyramid, and its heads' first part.

    What comes behind is computed for boxes, whose number differs from image to image: it has no blocks. Heads are
    called once for every resolution of the pyramid: `rpn.head.conv#2` is their second call.
    """
    backbone: Any = network.backbone
    body = "backbone.body." if hasattr(backbone, "body") else "backbone."
    names = list(_candidates(network.get_submodule(body[:-1]), body, None))
    pyramid = getattr(backbone, "fpn", None)
    if pyramid is None:
        return names
    names += [f"backbone.fpn.layer_blocks.{number}" for number in range(len(pyramid.layer_blocks))]
    parts: Any = network
    generator = parts.rpn.anchor_generator if hasattr(network, "rpn") else parts.anchor_generator
    modules = dict(network.named_modules())
    for head in (name for name in HEADS if name in modules):
        names += [f"{head}#{call}" for call in range(1, len(generator.sizes) + 1)]
    return names


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


def _usable(network: nn.Module, candidates: tuple[str, ...], example: torch.Tensor | None) -> tuple[str, ...]:
    once = _called_once(network, candidates)
    if example is None or not once:
        return once
    with _evaluating(network), _Once(network, once, len(example)) as outputs, torch.no_grad():
        network(example)
    return tuple(name for name in once if outputs.usable.get(name))


def _called_once(network: nn.Module, candidates: tuple[str, ...]) -> tuple[str, ...]:
    """The candidates that one forward pass in eval mode calls exactly once, in order.

    A network that cannot be traced symbolically keeps the order in which its modules were registered.
    """
    # A module that is called twice has two outputs, and a hook would keep the last without a word; one that is never
    # called has none. The symbolic trace lists calls in the order of the forward pass, without running any arithmetic.
    tracer = _BlockTracer({network.get_submodule(name) for name in candidates})
    try:
        with _evaluating(network):
            nodes = tracer.trace(network).nodes
    except Exception:  # tracing runs the network's own code on placeholders: it may fail in any way
        return candidates
    called = [str(node.target) for node in nodes if node.op == "call_module" and node.target in candidates]
    times = Counter(called)
    return tuple(name for name in called if times[name] == 1)


@contextmanager
def _evaluating(network: nn.Module) -> Iterator[None]:
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


class _BlockTracer(fx.Tracer):
    """Trace the calls of blocks without looking into them."""

    def __init__(self, blocks: set[nn.Module]):
        super().__init__()
        self.blocks = blocks

    def is_leaf_module(self, module: nn.Module, module_qualified_name: str) -> bool:
        return module in self.blocks or super().is_leaf_module(module, module_qualified_name)


class _Once(Calls):
    """Which modules are called once, and return a tensor with one row per image."""

    def __init__(self, network: nn.Module, names: tuple[str, ...], images: int):
        super().__init__(network, names, every=True)
        self.usable: dict[str, bool] = {}
        self._images = images

    def put_out(self, name: str, number: int, output: Any) -> None:
        try:
            of_images(tensor_of(output, name), self._images, name)
        except NoOutput:
            self.usable[name] = False
        else:
            self.usable[name] = number == 1


def _named(network: nn.Module, names: Any) -> tuple[str, ...]:
    """The blocks that a network names itself."""
    about = f"block_names of {type(network).__name__}"
    if isinstance(names, str) or not names or not all(isinstance(name, str) for name in names):
        raise InputError(f"{about}: expected a list of modules' names, given {names!r}")
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise InputError(f"{about}: {twice[0]!r} is named twice; the second call of a module is e.g. '{twice[0]}#2'")
    for name in names:
        try:
            checked(network, name)
        except InputError as error:
            raise InputError(f"{about}: {error}") from error
    return tuple(names)
