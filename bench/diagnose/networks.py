"""Networks held still and read while they compute."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import nn

from bench.errors import InputError
from bench.footprint.packed import NNCF_HOOKS
from bench.remember import once
from bench.roles import ROLES
from bench.training.layout import channels_last
from bench.zoo.networks.blocks import ACTIVATIONS
from bench.zoo.networks.calls import NUMBER, Calls, copy, parsed, replaced, tensor_of

Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class Version:
    """A network to look into, as it computes or with its feature maps' quantisers by-passed.

    Attributes:
        name: its role, followed by "-bypassed" if its quantisers are.
        role: see `bench.roles.ROLES`.
        network: left as it was.
        bypasses: whether feature maps pass the quantisers unchanged.
    """

    name: str
    role: str
    network: nn.Module
    bypasses: bool = False

    def once(self, compute: Callable[[], Result], *key: Hashable) -> Result:
        """`compute()`, once per process for a network that was read from a file (see `read_from`), else anew.

        Args:
            key: all that the result depends on besides the network.
        """
        file = _FILES.get(self.network)
        return compute() if file is None else once(("version", file, self.bypasses, *key), compute)

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return device_of(self.network)

    @contextmanager
    def opened(self) -> Iterator[nn.Module]:
        """The network, held still; see `still`."""
        with still(self.network) as network, bypassed(network) if self.bypasses else nullcontext():
            yield network


_FILES: WeakKeyDictionary[nn.Module, tuple[Hashable, ...]] = WeakKeyDictionary()


# What a network computes cannot be told from the network: a hook, a setting in a dictionary, an edited class change its
# answers and none of its weights. Only where a cell decodes a packed file, and nobody else holds the result, does the
# file decide everything.
def read_from(network: nn.Module, *file: Hashable) -> nn.Module:
    """Declare that a network is what a file holds, so that results of it are kept for its next reading.

    Args:
        file: all that decides what the network computes, such as the file's checksum and the device.
    """
    _FILES[network] = file
    return network


def versions(networks: Mapping[str, nn.Module]) -> list[Version]:
    """Every network in the order of roles; one with quantised feature maps again, with these quantisers by-passed."""
    both = []
    for role in ROLES:
        if role in networks:
            both.append(Version(role, role, networks[role]))
            if quantizers(networks[role]):
                both.append(Version(f"{role}-bypassed", role, networks[role], bypasses=True))
    return both


def unquantized_versions(networks: Mapping[str, nn.Module]) -> list[Version]:
    """Every network in the order of roles, quantisers of feature maps by-passed wherever there are any."""
    by_role = {version.role: version for version in versions(networks)}  # a by-passed version replaces the other
    return list(by_role.values())


def quantizers(network: nn.Module) -> list[nn.Module]:
    """NNCF's quantisers of feature maps, without those of weights."""
    if NNCF_HOOKS not in dict(network.named_children()):
        return []
    from bench.nncf_runtime import nncf  # seconds that only a network with quantisers is worth

    hooks = nncf.torch.function_hook
    activations = []
    for name, hook in hooks.get_hook_storage(network).named_hooks():
        kind, operation, port = hooks.hook_storage.decode_hook_name(name)
        # A hook before a layer's second argument is on the weight, conv2d(x, weight); before an addition's it isn't.
        layer = "/".join(operation.split("/")[-2:]).startswith(("conv", "linear"))
        on_weight = layer and (kind, port) == ("pre_hooks", 1)
        if isinstance(hook, nncf.torch.quantization.layers.BaseQuantizer) and not on_weight:
            activations.append(hook)
    return activations


@contextmanager
def bypassed(network: nn.Module) -> Iterator[None]:
    """Feature maps pass NNCF's quantisers unrounded and unclipped; weights stay as they are."""
    # A quantiser's gradient is 0 wherever its input is clipped: what maximises a unit runs into that range and stops,
    # and an explanation by gradients misses what goes through it.
    switches = [quantizer.get_buffer("enabled") for quantizer in quantizers(network)]
    before = [switch.clone() for switch in switches]
    try:
        for switch in switches:
            switch.zero_()
        yield
    finally:
        with torch.no_grad():
            for switch, value in zip(switches, before):
                switch.copy_(value)


@contextmanager
def still(network: nn.Module) -> Iterator[nn.Module]:
    """In eval mode, without gradients of weights, without in-place activations; afterwards as it was before."""
    # In place, an activation would write over the tensor that a hook has just kept of the module before it, and a
    # convolution's output could no longer be distinguished from its ReLU's.
    modes = [(module, module.training) for module in network.modules()]
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    in_place = [module for module in network.modules() if getattr(module, "inplace", False)]
    try:
        network.eval()
        for parameter in trained:
            parameter.requires_grad_(False)
        for module in in_place:
            module.inplace = False  # type: ignore[assignment]
        with channels_last(network):
            yield network
    finally:
        for module, mode in modes:
            module.training = mode
        for parameter in trained:
            parameter.requires_grad_(True)
        for module in in_place:
            module.inplace = True  # type: ignore[assignment]


def device_of(network: nn.Module) -> torch.device:
    """The device of a network's weights; the CPU if it has none."""
    return next((parameter.device for parameter in network.parameters()), torch.device("cpu"))


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Everything drawn inside depends on the seed alone, and leaves the global generators as they were."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


class Taps(Calls):
    """Outputs or inputs of modules during the latest forward pass; use as a context.

    Tensors are kept as the module gave them, with their graph, so that gradients reach them: what is written over them
    later changes them no more.

    Args:
        names: by label, the name of a module, or of one of its calls (see `bench.zoo.networks.calls`).
        inputs: labels whose module's input is kept instead of its output.

    Attributes:
        seen: by label, the tensor of the latest forward pass.
    """

    def __init__(self, network: nn.Module, names: Mapping[str, str], inputs: Iterable[str] = ()):
        super().__init__(network, names.values())
        self.seen: dict[str, torch.Tensor] = {}
        inputs = frozenset(inputs)
        self._of_inputs, self._of_outputs = _labels(names, inputs), _labels(names, names.keys() - inputs)

    def given(self, name: str, number: int, inputs: Any) -> Any:
        """See Calls."""
        if name not in self._of_inputs:
            return None
        args, kwargs = inputs
        tensor, passed = _kept(args[0] if args else next(iter(kwargs.values())), name)
        self.seen |= dict.fromkeys(self._of_inputs[name], tensor)
        return ((passed, *args[1:]), kwargs) if args else ((), {**kwargs, next(iter(kwargs)): passed})

    def put_out(self, name: str, number: int, output: Any) -> Any:
        """See Calls."""
        if name not in self._of_outputs:
            return None
        tensor, passed = _kept(output, name)
        self.seen |= dict.fromkeys(self._of_outputs[name], tensor)
        return passed


def _labels(names: Mapping[str, str], chosen: Iterable[str]) -> dict[str, list[str]]:
    """The labels of each name."""
    labels: dict[str, list[str]] = {}
    for label in chosen:
        labels.setdefault(names[label], []).append(label)
    return labels


# A later operation in place would write over a tensor that is kept. Without gradients a copy is kept and the tensor
# goes on, so that the network computes what it always does; with them the tensor is kept and the copy goes on, because
# gradients must pass through what is kept.
def _kept(value: Any, name: str) -> tuple[torch.Tensor, Any]:
    """The tensor to keep of a module's input or output, and what goes on in its place."""
    tensor = tensor_of(value, name)
    if not tensor.requires_grad:
        return copy(tensor), value
    return tensor, replaced(value, copy(tensor))


def logits_of(network: nn.Module, images: torch.Tensor) -> np.ndarray:
    """(n, classes) float32, of normalised images on any device.

    Raises:
        InputError: the network gives something else.
    """
    with still(network), torch.no_grad():
        logits = network(images.to(device_of(network)))
    if not isinstance(logits, torch.Tensor) or logits.shape[:-1] != (len(images),):
        shape = f" {tuple(logits.shape)}" if isinstance(logits, torch.Tensor) else ""
        kind, output = type(network).__name__, type(logits).__name__
        raise InputError(f"{kind} gives a {output}{shape}: expected logits, ({len(images)}, classes)")
    return logits.float().cpu().numpy()


def answers(network: nn.Module, images: torch.Tensor) -> np.ndarray:
    """The class that a network gives each image, (n,) int64."""
    return logits_of(network, images).argmax(1)


def deepest_map(network: nn.Module, layers: Sequence[str], images: torch.Tensor) -> str:
    """The deepest layer whose maps have at least 4×4 positions, else 2×2; empty if none has."""
    # Deep layers hold what the answer rests on, but a map of one position locates nothing.
    with still(network):
        maps = outputs(network, layers, images.to(device_of(network)))
    sides = [min(maps[layer].shape[2:], default=0) for layer in layers]
    for enough in (4, 2):
        wide = [layer for layer, side in zip(layers, sides) if side >= enough]
        if wide:
            return wide[-1]
    return ""


def outputs(network: nn.Module, layers: Sequence[str], images: torch.Tensor) -> dict[str, torch.Tensor]:
    """Output of each layer for the images, without gradients.

    Raises:
        LookupError: a layer does not exist or is not called.
    """
    with torch.no_grad(), Taps(network, {layer: layer for layer in layers}) as taps:
        network(images)
    return taps.seen


def before_rectifier(network: nn.Module, layers: Sequence[str], images: torch.Tensor) -> dict[str, str]:
    """By layer, the name of the rectifier whose output is the layer's; the layer itself if there is no such module.

    Raises:
        LookupError: a layer does not exist or is not called.
    """
    # A block ends in a rectifier if both put out the very same tensor, with the same values: in between, something may
    # have been added in place. Identity of tensors needs neither names nor a traced graph; it fails, and the layer
    # itself is given, where the rectifier is a function.
    rectifiers = [name for name, module in network.named_modules() if isinstance(module, ACTIVATIONS)]
    rectified, blocks = Passed(network, rectifiers), Passed(network, layers)
    with torch.no_grad(), Calls(network, layers), rectified, blocks:
        network(images)
    return {layer: rectified.call_with(blocks.outputs[layer][-1]) or layer for layer in layers}


@dataclass(frozen=True, eq=False)
class PassedTensor:
    """A tensor that went from one module to the next, and what it held then."""

    tensor: torch.Tensor
    values: torch.Tensor

    def is_same(self, other: PassedTensor) -> bool:
        """Whether it is the very same tensor, with nothing written to it in between."""
        return self.tensor is other.tensor and torch.equal(self.values, other.values)


class Passed(Calls):
    """All tensors that modules are given and put out in one forward pass without gradients; use as a context.

    Attributes:
        inputs, outputs: by name, of each call, in the order of the first one.
    """

    def __init__(self, network: nn.Module, names: Iterable[str]):
        super().__init__(network, names, every=True)
        self.inputs: dict[str, list[PassedTensor]] = {}
        self.outputs: dict[str, list[PassedTensor]] = {}

    def given(self, name: str, number: int, inputs: Any) -> None:
        """See Calls."""
        args, kwargs = inputs
        _note(self.inputs, name, args[0] if args else next(iter(kwargs.values())))

    def put_out(self, name: str, number: int, output: Any) -> None:
        """See Calls."""
        _note(self.outputs, name, output)

    def call_with(self, output: PassedTensor) -> str:
        """The name of the call that put out this tensor; empty if there is none."""
        for name, calls in self.outputs.items():
            for number, other in enumerate(calls, start=1):
                if other.is_same(output):
                    return name if len(calls) == 1 else f"{name}{NUMBER}{number}"
        return ""


def _note(passed: dict[str, list[PassedTensor]], name: str, value: Any) -> None:
    tensor = tensor_of(value, name)
    passed.setdefault(name, []).append(PassedTensor(tensor, copy(tensor)))


class Units:
    """Channels of layers before their rectifier, tapped during forward passes; use as a context.

    Behind a ReLU a silent unit has no gradient, and ascent would not move.

    Attributes:
        rectified: layers whose rectifier is not a module, so that their units are tapped behind it.
    """

    def __init__(self, network: nn.Module, layers: Sequence[str], example: torch.Tensor):
        tapped = before_rectifier(network, layers, example)
        inputs = [layer for layer, name in tapped.items() if _is_rectifier(network, name)]
        self.rectified = [layer for layer, name in tapped.items() if name == layer and layer not in inputs]
        self._taps = Taps(network, tapped, inputs)

    @property
    def seen(self) -> dict[str, torch.Tensor]:
        """By layer, (n, C, h, w) or (n, d), of the latest forward pass."""
        return self._taps.seen

    def __enter__(self) -> Units:
        self._taps.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._taps.__exit__()


def _is_rectifier(network: nn.Module, name: str) -> bool:
    call = parsed(network, name)
    return call is not None and isinstance(network.get_submodule(call[0]), ACTIVATIONS)
