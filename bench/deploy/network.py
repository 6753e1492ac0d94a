"""The network of a packed file as a plain module: layers of PyTorch in place of those that only the benchmark has."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from bench.deploy.preprocessing import Preprocessing
from bench.errors import InputError
from bench.footprint.packed import header_of, unpack
from bench.footprint.structure import rebuild, simulates
from bench.footprint.structure.affine_batchnorm import Affine
from bench.footprint.structure.binary_activations import BinaryInput
from bench.zoo.networks import build
from bench.zoo.networks.catalogue import is_own
from bench.zoo.networks.plain import copied, plain

SEED = 0  # of weights that the file replaces
SIGNS = "binary-activations"  # the step that takes signs of feature maps
GIVE = "give the network itself (network=..., or --model with its name)"
LARGEST = {"channels": 3, "classes": 100_000, "size": 4096}

Fresh = Callable[[], nn.Module]


class Sign(nn.Module):
    """+1 where x >= 0, else -1, in x's type; PyTorch's own sign of 0 is 0."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x of any shape."""
        return (x >= 0).to(x.dtype) * 2 - 1


@dataclass(frozen=True)
class Deployed:
    """A packed network and all that leaves the benchmark with it.

    Attributes:
        packed: the file.
        network: what it holds, in eval mode, with layers of PyTorch.
        model: the architecture's name.
        classes: number of logits; None if the file does not say.
        preprocessing: what its images need.
        fresh: builds the network that the compressed one started from.
    """

    packed: bytes
    network: nn.Module
    model: str
    classes: int | None
    preprocessing: Preprocessing
    fresh: Fresh

    @property
    def example(self) -> torch.Tensor:
        """Two normalised images of noise, (2, C, H, W) float32, the same every time."""
        shape = self.preprocessing.channels, self.preprocessing.size, self.preprocessing.size
        return torch.randn(2, *shape, generator=torch.Generator().manual_seed(SEED))


def read(packed: bytes, network: nn.Module | None = None, *, trusted: str = "") -> Deployed:
    """What a packed file holds.

    Args:
        network: of the architecture that was compressed, with any weights; it is left as it was. Needed if the file
            names a function of the user's own.
        trusted: the function of the user's own that may be called, if the file names it.

    Raises:
        InputError: it is no packed file, is damaged, does not say what it was made from, or does not fit `network`.
    """
    header = header_of(packed)
    about = _described(header.model, given=network is not None)
    name = about["name"]
    if network is None and is_own(name) and name != trusted:
        raise InputError(
            f"this packed network was made from {name}, and no code is run because a file names it: {GIVE}"
        )

    def fresh() -> nn.Module:
        if network is not None:
            return copied(network).cpu().eval()
        return build.build(name, about["channels"], about["classes"], about["size"], SEED)

    ordinary = as_plain(unpack(packed, fresh()), header.structure, fresh)
    return Deployed(packed, ordinary, name, about.get("classes"), _preprocessing(about), fresh)


def as_plain(network: nn.Module, structure: Any, fresh: Fresh) -> nn.Module:
    """`network` with layers of PyTorch in place of `Affine` and `BinaryInput`; it is used up. Names stay the same."""
    # A batch normalisation of mean 0 and variance 1 - ε computes the scale and the shift that are its weight and bias,
    # but for the last bit, which turns a value halfway between two codes over: before rounding `Affine` stays. Only the
    # network before it was merged knows for how many axes a normalisation was.
    rounds = any(simulates(step) or step["kind"] == SIGNS for step in structure)
    for index, step in enumerate(structure):
        if step["kind"] == "affine-batchnorm" and not rounds:
            before = rebuild(plain(fresh()), structure[:index])
            for name in step["names"]:
                affine: Any = network.get_submodule(name)
                if isinstance(affine, Affine):
                    normalisation = neutral(before.get_submodule(name), affine.weight, affine.bias)
                    network = _placed(network, name, normalisation)
    for name, module in list(network.named_modules()):
        if isinstance(module, BinaryInput):
            parts = OrderedDict(norm=module.norm, sign=Sign(), layer=module.layer)
            network = _placed(network, name, nn.Sequential(parts))
    return network.eval()


def neutral(normalisation: nn.Module, scale: torch.Tensor, shift: torch.Tensor) -> nn.Module:
    """A batch normalisation like another that computes scale·x + shift per channel at inference.

    Args:
        scale, shift: (C,) float32.
    """
    made: Any = deepcopy(normalisation)
    scale, shift = scale.detach().clone(), shift.detach().clone()
    variance = torch.full_like(scale, 1.0) - made.eps
    if made.weight is None:  # it has neither a scale nor a shift of its own: its statistics hold them
        variance, mean = scale**-2 - made.eps, -shift / scale
    else:
        mean = torch.zeros_like(shift)
        for name, value in (("weight", scale), ("bias", shift)):
            learned = isinstance(getattr(made, name), nn.Parameter)
            setattr(made, name, nn.Parameter(value) if learned else value)
    made.running_mean, made.running_var = mean, variance
    if hasattr(made, "num_features"):
        made.num_features = len(scale)
    return made.eval()


def _placed(network: nn.Module, name: str, module: nn.Module) -> nn.Module:
    if not name:
        return module
    network.set_submodule(name, module.eval())
    return network


def _described(model: dict[str, Any], *, given: bool) -> dict[str, Any]:
    """What the header says of the architecture, checked: nothing large is built because a file says so."""
    name = model.get("name")
    for key, most in LARGEST.items():
        value = model.get(key)
        if given and value is None:
            continue
        if type(value) is not int or not 1 <= value <= most:
            raise InputError(f"this packed network does not say what it was made from: {key} is {value!r}")
    if not isinstance(name, str) or not name:
        raise InputError(f"this packed network does not say what it was made from: name is {name!r}")
    return model


def _preprocessing(about: dict[str, Any]) -> Preprocessing:
    made = Preprocessing(about.get("size", 0), about.get("channels", 3))
    mean, std = (_numbers(about.get(name)) for name in ("mean", "std"))
    return made.normalising_by(mean, std)


def _numbers(values: Any) -> list[float] | None:
    return values if isinstance(values, list) and all(isinstance(value, int | float) for value in values) else None
