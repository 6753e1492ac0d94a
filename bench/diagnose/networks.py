"""Networks held still and read while they compute."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TypeVar
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import nn

from bench.diagnose.taps import Taps
from bench.errors import InputError
from bench.footprint.packed import NNCF_HOOKS
from bench.remember import once
from bench.roles import ROLES
from bench.training.layout import channels_last
from bench.zoo.networks.calls import copy
from bench.zoo.networks.channels import channels_first

MAP = 4  # axes of feature maps: images, channels, rows and columns

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
    # NNCF's hooks hang on the names of operations: without `relu_` its quantiser would not be called. There the
    # activation goes on writing in place, over a copy.
    hooked = in_place if NNCF_HOOKS in dict(network.named_children()) else []
    handles = [module.register_forward_pre_hook(_given_a_copy) for module in hooked]
    in_place = [] if hooked else in_place
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
        for handle in handles:
            handle.remove()


def _given_a_copy(module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    return (copy(inputs[0]), *inputs[1:])


def check_in_place(network: nn.Module, image: torch.Tensor) -> None:
    """Refuse a network that answers otherwise when its activations don't write over their input.

    Args:
        image: (1, C, H, W), on the network's device.

    Raises:
        InputError: it does, as where `relu(x)` is called for what it does to x.
    """
    if not any(getattr(module, "inplace", False) for module in network.modules()):
        return
    modes = [(module, module.training) for module in network.modules()]
    try:
        with torch.no_grad(), channels_last(network.eval()):
            answers = [network(image.clone()) for _ in range(2)]
    finally:
        for module, mode in modes:
            module.training = mode
    with still(network), torch.no_grad():
        answers.append(network(image))
    if not all(isinstance(answer, torch.Tensor) for answer in answers):
        return
    again, held = (torch.allclose(answers[0], other, 1e-3, 1e-5, equal_nan=True) for other in answers[1:])
    if again and not held:  # a network that draws at random differs from itself
        kind = type(network).__name__
        raise InputError(
            f"{kind} relies on an activation that writes over its input without passing its output on: write "
            "x = relu(x), as looks inside keep both"
        )


def device_of(network: nn.Module) -> torch.device:
    """The device of a network's weights; the CPU if it has none."""
    return next((parameter.device for parameter in network.parameters()), torch.device("cpu"))


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Everything drawn inside depends on the seed alone, and leaves the global generators as they were."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


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
    sides = [min(maps[layer].shape[2:]) if maps[layer].ndim == MAP else 0 for layer in layers]  # tokens are no map
    for enough in (4, 2):
        wide = [layer for layer, side in zip(layers, sides) if side >= enough]
        if wide:
            return wide[-1]
    return ""


def outputs(network: nn.Module, layers: Sequence[str], images: torch.Tensor) -> dict[str, torch.Tensor]:
    """Output of each layer for the images, (n, C, ...) with channels along axis 1, without gradients.

    Raises:
        LookupError: a layer does not exist or is not called.
    """
    with torch.no_grad(), Taps(network, {layer: layer for layer in layers}) as taps:
        network(images)
    return {layer: channels_first(network, layer, output) for layer, output in taps.seen.items()}
