"""Networks held still and read while they compute."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TypeVar
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


class Taps:
    """Outputs or inputs of modules during the latest forward pass; use as a context.

    Tensors are kept as they are, with their graph, so that gradients reach them.

    Args:
        names: by label, the name of a module.
        inputs: labels whose module's input is kept instead of its output.

    Attributes:
        seen: by label, the tensor of the latest forward pass.
    """

    def __init__(self, network: nn.Module, names: Mapping[str, str], inputs: Iterable[str] = ()):
        self.seen: dict[str, torch.Tensor] = {}
        self._network, self._names, self._inputs = network, names, frozenset(inputs)
        self._handles: list[torch.utils.hooks.RemovableHandle] = []

    def __enter__(self) -> Taps:
        for label, name in self._names.items():
            module = self._network.get_submodule(name)
            self._handles.append(module.register_forward_hook(self._hook(label)))
        return self

    def __exit__(self, *_: object) -> None:
        for handle in self._handles:
            handle.remove()

    def _hook(self, label: str):
        def keep(module: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
            self.seen[label] = inputs[0] if label in self._inputs else output

        return keep


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
    return _tapped(network, {layer: layer for layer in layers}, (), images)


def before_rectifier(network: nn.Module, layers: Sequence[str], images: torch.Tensor) -> dict[str, str]:
    """By layer, the name of the rectifier whose output is the layer's; the layer itself if there is no such module.

    Raises:
        LookupError: a layer does not exist or is not called.
    """
    # A block ends in a rectifier if both put out the very same tensor. Identity of tensors needs neither names nor a
    # traced graph; it fails, and the layer itself is given, where the rectifier is a function.
    rectifiers = [name for name, module in network.named_modules() if isinstance(module, ACTIVATIONS)]
    labels = {f"block {layer}": layer for layer in layers} | {f"rectifier {name}": name for name in rectifiers}
    with torch.no_grad(), Taps(network, _existing(network, labels)) as taps:
        network(images)
        _require_called(taps, [f"block {layer}" for layer in layers])
        return {
            layer: next(
                (name for name in rectifiers if taps.seen.get(f"rectifier {name}") is taps.seen[f"block {layer}"]),
                layer,
            )
            for layer in layers
        }


class Units:
    """Channels of layers before their rectifier, tapped during forward passes; use as a context.

    Behind a ReLU a silent unit has no gradient, and ascent would not move.

    Attributes:
        rectified: layers whose rectifier is not a module, so that their units are tapped behind it.
    """

    def __init__(self, network: nn.Module, layers: Sequence[str], example: torch.Tensor):
        tapped = before_rectifier(network, layers, example)
        self.rectified = [layer for layer, name in tapped.items() if name == layer and not _is_rectifier(network, name)]
        inputs = [layer for layer, name in tapped.items() if _is_rectifier(network, name)]
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
    return isinstance(network.get_submodule(name), ACTIVATIONS)


def _tapped(
    network: nn.Module, names: Mapping[str, str], inputs: Iterable[str], images: torch.Tensor
) -> dict[str, torch.Tensor]:
    with torch.no_grad(), Taps(network, _existing(network, names), inputs) as taps:
        network(images)
        _require_called(taps, names)
        return dict(taps.seen)


def _existing(network: nn.Module, names: Mapping[str, str]) -> Mapping[str, str]:
    modules = dict(network.named_modules())
    missing = sorted({name for name in names.values() if name not in modules})
    if missing:
        raise LookupError(f"the network has no module {', '.join(missing)}")
    return names


def _require_called(taps: Taps, labels: Iterable[str]) -> None:
    silent = [label for label in labels if label not in taps.seen]
    if silent:
        raise LookupError(f"the forward pass never calls {', '.join(silent)}")
