"""Networks held still and read while they compute."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import nn

from bench.diagnose.quantizers import bypassed, quantizers
from bench.diagnose.remember import fingerprint
from bench.errors import InputError
from bench.roles import ROLES
from bench.training.layout import channels_last
from bench.zoo.networks.blocks import ACTIVATIONS


@dataclass(frozen=True, eq=False)
class Version:
    """A network to look into, as it computes or with its feature maps' quantisers by-passed.

    Attributes:
        name: its role, followed by "-bypassed" where quantisers are.
        role: see `bench.roles.ROLES`.
    """

    name: str
    role: str
    network: nn.Module
    bypasses: bool = False

    @cached_property
    def key(self) -> tuple[str, bool]:
        """Changes whenever the network computes something else."""
        return fingerprint(self.network), self.bypasses

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return device_of(self.network)

    @contextmanager
    def opened(self) -> Iterator[nn.Module]:
        """The network, held still."""
        with still(self.network) as network, bypassed(network) if self.bypasses else nullcontext():
            yield network


def versions(networks: Mapping[str, nn.Module]) -> list[Version]:
    """Every network in the order of roles; one with quantised feature maps a second time with these by-passed."""
    found = []
    for role in ROLES:
        if role in networks:
            found.append(Version(role, role, networks[role]))
            if quantizers(networks[role]):
                found.append(Version(f"{role}-bypassed", role, networks[role], bypasses=True))
    return found


def unquantized_versions(networks: Mapping[str, nn.Module]) -> list[Version]:
    """Every network in the order of roles, quantisers of feature maps by-passed wherever there are any."""
    found = {version.role: version for version in versions(networks)}
    return list(found.values())


@contextmanager
def still(network: nn.Module) -> Iterator[nn.Module]:
    """In eval mode, without gradients of weights, without in-place activations; afterwards as it was before."""
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
    """Where a network's weights are; the CPU where it has none."""
    return next((parameter.device for parameter in network.parameters()), torch.device("cpu"))


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Everything drawn inside depends on the seed alone, and leaves the global generators as they were."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


class Taps:
    """What modules put out, or are given, during the latest forward pass; use as a context.

    Args:
        names: of modules, by name as the caller wants to see it.
        inputs: of which of these the input is wanted instead of the output.
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
        found = network(images.to(device_of(network)))
    if not isinstance(found, torch.Tensor) or found.shape[:-1] != (len(images),):
        shape = f" {tuple(found.shape)}" if isinstance(found, torch.Tensor) else ""
        kind, given = type(network).__name__, type(found).__name__
        raise InputError(f"{kind} gives a {given}{shape}: expected logits, ({len(images)}, classes)")
    return found.float().cpu().numpy()


def answers(network: nn.Module, images: torch.Tensor) -> np.ndarray:
    """The class that a network gives each image, (n,) int64."""
    return logits_of(network, images).argmax(1)


def deepest_map(network: nn.Module, layers: Sequence[str], images: torch.Tensor) -> str:
    """The deepest layer whose maps have at least 4×4 positions, else 2×2; empty where none has."""
    with still(network):
        found = outputs(network, layers, images.to(device_of(network)))
    sides = [min(found[layer].shape[2:], default=0) for layer in layers]
    for enough in (4, 2):
        wide = [layer for layer, side in zip(layers, sides) if side >= enough]
        if wide:
            return wide[-1]
    return ""


def outputs(network: nn.Module, layers: Sequence[str], images: torch.Tensor) -> dict[str, torch.Tensor]:
    """What each layer puts out for the images, without gradients.

    Raises:
        LookupError: a layer does not exist or is not called.
    """
    return _tapped(network, {layer: layer for layer in layers}, (), images)


def before_rectifier(network: nn.Module, layers: Sequence[str], images: torch.Tensor) -> dict[str, str]:
    """By layer, the rectifier whose output the layer puts out; the layer itself where there is none.

    Raises:
        LookupError: a layer does not exist or is not called.
    """
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

    Attributes:
        seen: by layer, (n, C, h, w) or (n, d), of the latest forward pass.
        rectified: layers whose rectifier was not found, so that the units are seen behind it.
    """

    def __init__(self, network: nn.Module, layers: Sequence[str], example: torch.Tensor):
        found = before_rectifier(network, layers, example)
        self.rectified = [layer for layer, name in found.items() if name == layer and not _is_rectifier(network, name)]
        given = [layer for layer, name in found.items() if _is_rectifier(network, name)]
        self._taps = Taps(network, found, given)

    @property
    def seen(self) -> dict[str, torch.Tensor]:
        """See the class."""
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
